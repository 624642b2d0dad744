"""Inspections at random, and the texts people read about them."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from random import Random
from uuid import UUID

import pytest

from bus.flow.conformance.check import ExamRules
from bus.flow.conformance.documents import Circular, circular_text, report_text
from bus.flow.conformance.inspection import chosen, overdue
from bus.flow.conformance.report import report_of
from bus.model.probe import Figure, Run, RunPurpose, RunResult, RunState
from signer.directory.view import Directory, Participant, Standing
from signer.identity import role_of

NOW = datetime(2026, 3, 2, 2, 0, tzinfo=UTC)
ID = UUID("019cac0f-2680-77d8-8904-86ef2cb84955")
RULES = ExamRules(inspect_every=timedelta(days=30))
PERIOD = timedelta(hours=1)
PROVINCES = tuple(f"{number}0000" for number in range(11, 61))
NEVER = b"\xff" * 8


def directory(**standings):
    names = ("hub", *PROVINCES)
    found = {
        name: Participant(
            *(name, role_of(name), None if name == "hub" else "hub", name, ()),
            standing=standings.get(f"n{name}", Standing.CONNECTED),
        )
        for name in names
    }
    return Directory(1, NOW, NOW, found)


def dice(seed):
    return Random(seed).randbytes  # noqa: S311 - dice that fall the same way again


def draw(entropy, last=None, running=(), listed=None):
    listed = listed or directory()
    return chosen(listed, last or {}, running, PERIOD, NOW, RULES, entropy)


@pytest.mark.requirement("R015")
def test_inspections_come_at_random_about_as_often_as_the_rules_say():
    entropy = dice(1)
    rounds = 24 * 30
    drawn = [draw(entropy) for _ in range(rounds)]
    total = sum(map(len, drawn))
    # 30 days of rounds: one inspection each for 50 provinces, give or take what chance does.
    assert 30 <= total <= 75
    assert len({name for names in drawn for name in names}) < len(PROVINCES)
    assert drawn == [draw(again) for again in [dice(1)] for _ in range(rounds)]


@pytest.mark.requirement("R015")
def test_nobody_is_left_out_for_ever():
    fresh, old = NOW - timedelta(days=59), NOW - timedelta(days=60)
    last = dict.fromkeys(PROVINCES, fresh) | {"110000": old}
    assert draw(lambda _: NEVER, last) == ("110000",)
    assert overdue(old, NOW, RULES)
    assert overdue(None, NOW, RULES)
    assert not overdue(fresh, NOW, RULES)


@pytest.mark.requirement("R015")
def test_only_who_is_connected_and_not_under_test_is_inspected():
    listed = directory(
        n110000=Standing.CERTIFIED,
        n120000=Standing.TESTED,
        n130000=Standing.SUSPENDED,
        n140000=Standing.WITHDRAWN,
    )
    found = draw(bytes, running=("150000",), listed=listed)
    assert found == PROVINCES[5:]


def ended(participant="370000", **changed):
    figures = (Figure("offset", 12, "ms"),)
    fields = {
        "id": ID,
        "participant": participant,
        "purpose": RunPurpose.INSPECTION,
        "state": RunState.PASSED,
        "opened": NOW,
        "due": NOW,
        "tests": (3,),
        "results": (RunResult(3, True, None, (), figures),),
        "product": "hedui-bus 0.1.0",
        "specs": ("envelope/1",),
        "ended": NOW,
        "expires": NOW + timedelta(days=90),
    }
    return Run(**fields | changed)


FAILED = RunResult(2, False, "VERDICT_DIFFERS", ("602 REFUSE EXPIRED, not 602 ACCEPT",), ())


@pytest.mark.requirement("R014")
def test_the_report_reads_chinese_first_and_names_what_differed():
    one = ended(state=RunState.FAILED, results=(FAILED,), purpose=RunPurpose.ADMISSION)
    text = report_text(report_of(one, "hedui-bus 0.1.0", 7), "山东省核对中心")
    assert text.startswith("# 入网前检测报告\n")
    assert "| 被测单位 participant | 山东省核对中心（370000） |" in text
    assert "| 结论 result | **不合格** |" in text
    assert "| 2 | 应拒收的信封 refusals | 不合格 | VERDICT_DIFFERS | - |" in text
    assert "- 602 REFUSE EXPIRED, not 602 ACCEPT" in text
    assert "| 有效期至 expires | 2026-05-31 10:00:00 |" in text


@pytest.mark.requirement("R016")
def test_the_circular_says_who_was_tested_how_it_went_and_who_is_late():
    failed = ended("320000", state=RunState.FAILED, results=(FAILED,))
    circular = Circular(
        *(date(2026, 3, 1), date(2026, 3, 31), NOW, (ended(), failed)),
        overdue=("500000",),
        expired=(),
        titles={"370000": "山东省|核对中心", "500000": "重庆市核对中心"},
    )
    text = circular_text(circular)
    assert text.startswith("# 检测与巡检情况通报\n")
    assert "2026-03-01至2026-03-31" in text
    assert "共检测 2 次，涉及 2 个单位；进行中 0 次，合格 1 次，不合格 1 次" in text
    assert (
        "| 山东省／核对中心（370000） | 巡检 | 2026-03-02 10:00:00 | 合格 | 时钟偏差合格 "
        "| 时钟偏差 12 ms |" in text
    )
    failure = "应拒收的信封 VERDICT_DIFFERS（1 处不符）"
    assert f"- 320000（320000），2026-03-02 10:00:00：{failure}" in text
    assert "逾期未巡检 not inspected for too long：重庆市核对中心（500000）" in text
    assert "没有有效的入网前检测报告 no valid report：无 none" in text


def test_a_circular_over_nothing_says_so():
    nothing = Circular(date(2026, 3, 1), date(2026, 3, 1), NOW, (), (), (), {})
    text = circular_text(nothing)
    assert "期间没有检测。" in text
    assert "无。 None." in text
