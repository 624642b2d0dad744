"""A hundred days of the simulated year hold together, and what judges them can say no."""

from __future__ import annotations

import io
import sys
from collections import Counter
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import chinese_calendar
import pytest
from rich.console import Console

sys.path.insert(0, str(Path(__file__).parent))

import simulate_judge
from simulate import simulate
from simulate_calendar import by_notice, by_package, days_of_year, due
from simulate_diary import BEGINS, Diary
from simulate_judge import judge
from simulate_land import PROVINCES, make_land
from simulate_plan import SHARES, Course, dice_of, plans
from simulate_year import pass_year

from bus.model.case import CaseRole, QueryState
from signer.suites.keys import P256

UNTIL = date(2026, 4, 15)


def test_notice_package_and_product_agree_on_every_day_of_the_year():
    for day in days_of_year():
        assert by_notice(day) == by_package(day) == chinese_calendar.is_workday(day), day


@pytest.mark.requirement("R028")
@pytest.mark.requirement("R029")
@pytest.mark.parametrize(
    ("received", "term", "last"),
    [
        ("2026-02-12", 2, "2026-02-14"),
        ("2026-02-13", 2, "2026-02-24"),
        ("2026-04-30", 5, "2026-05-11"),
        ("2026-09-18", 7, "2026-09-29"),
        ("2026-09-30", 5, "2026-10-13"),
    ],
)
def test_the_independent_count_knows_the_vectors(received, term, last):
    # Half past eleven at night in China, when the day in UTC is still the same.
    at = datetime.fromisoformat(f"{received}T15:30:00+00:00")
    assert due(at, term) == datetime.fromisoformat(f"{last}T16:00:00+00:00")


def test_the_same_dice_make_the_same_year_with_every_course_in_it():
    first, again = (plans(300, date(2026, 12, 30), dice_of(7)) for _ in range(2))
    assert first == again != plans(300, date(2026, 12, 30), dice_of(8))
    assert {plan.course for plan in first} == set(Course) == set(SHARES)
    assert sum(line.provider == "national" for p in first for line in p.lines) > 20


def test_hub_thirty_two_provinces_and_their_cities_take_part():
    country = make_land(BEGINS, dice_of(1), P256, io.StringIO())
    assert len(PROVINCES) == 32
    assert "660000" in PROVINCES
    assert country.directory.parent("500229") == "500000"


@pytest.mark.slow
async def test_a_hundred_days_end_with_everybody_agreeing():
    verdict = await simulate(40, UNTIL, 2026, P256, Console(file=io.StringIO()))
    assert verdict.faults == []
    ended = {end: n for end, n in verdict.states.items() if not end.startswith("evidence")}
    # A re-check is a query beside the one that was planned.
    rechecks = sum(n for end, n in ended.items() if end.startswith("rechecked")) // 2
    assert sum(ended.values()) == 40 + rechecks
    assert verdict.deadlines["start"] > 30
    assert verdict.deadlines["feedback"] > 100


@pytest.fixture
async def short():
    """A few weeks with four queries, over."""
    dice = dice_of(3)
    country = make_land(BEGINS, dice, P256, io.StringIO())
    country.renewed_after = timedelta(days=1)
    await country.start()
    diary = Diary(country, datetime(2026, 2, 20, tzinfo=UTC), dice)
    await pass_year(diary, plans(4, date(2026, 2, 20), dice), lambda _at, _asked: None)
    yield diary
    await country.stop()


@pytest.mark.slow
async def test_the_judge_finds_a_wrong_state_a_wrong_deadline_and_a_lost_query(short, monkeypatch):
    country = short.country
    assert (await judge(short)).faults == []

    delivered = next(a for a in short.asked if a.plan.course is Course.ORDINARY)
    async with country["hub"].store.transaction() as unit:
        case = await unit.case(delivered.query, CaseRole.REVIEWER)
        await unit.save_case(replace(case, state=QueryState.STARTED))
    wrong = (await judge(short)).faults
    assert any("hub (reviewer) says STARTED" in fault for fault in wrong)

    async with country["hub"].store.transaction() as unit:
        first, *others = case.rows
        moved = replace(first, due=first.due + timedelta(days=1))
        await unit.save_case(replace(case, rows=(moved, *others)))
    wrong = (await judge(short)).faults
    assert any("feedback due" in fault for fault in wrong)

    async def nothing(_country, _query):
        return ()

    monkeypatch.setattr(simulate_judge, "held", nothing)
    lost = await judge(short)
    assert len(lost.faults) == len(short.asked)
    assert Counter("MISSING" in state for state in lost.states)[True] == len(lost.states)
