"""The harness of `make bench-adapter` on a small table: both answer alike. Nothing is timed."""

from __future__ import annotations

import bench_adapter
import pytest
from bench_adapter import NOW, NotTheSameError, measure
from bench_adapter_report import tables, times_by_hand, verdict
from bench_adapter_rival import Rival
from bench_adapter_site import Site

from bus.rules.id_number import check_number


@pytest.fixture
def small(monkeypatch):
    monkeypatch.setattr(bench_adapter, "TRIAL_BATCHES", 1)
    monkeypatch.setattr(bench_adapter, "BATCH", 250)
    monkeypatch.setattr(bench_adapter, "SIZES", (250,))


async def test_the_whole_of_it_runs_and_makes_its_tables(postgres, small):
    report = await measure(postgres, rows=5000, people=500, passes=1)
    assert (report["persons"], report["asked"]) == (1250, 500)
    assert 4500 < report["rows"] < 5500
    text = tables(report)
    assert text.count("the SQL connector") == 2
    assert "temporary table, 250 a statement" in text
    assert report["memory_mib"]["highest"] > 0
    assert times_by_hand(report, "a range of one year") > 0
    assert verdict(report).count("by hand") == 2


async def test_another_answer_ends_it(postgres, small, monkeypatch):
    typed = Rival.typed

    async def another(self, strategy, people, size, days):
        (person, _, records), *rest = await typed(self, strategy, people, size, days)
        return [(person, "NAME_MISMATCH", records), *rest]

    monkeypatch.setattr(Rival, "typed", another)
    with pytest.raises(NotTheSameError):
        await measure(postgres, rows=1000, people=20, passes=1)


async def test_nobody_in_the_table_exists_and_check_digits_are_right(postgres):
    people = await (await Site.make(postgres, 400)).people(50)
    assert len({person.id_number for person in people}) == 50
    assert all(person.id_number.startswith("990000") for person in people)
    found = [check_number(one.id_type, one.id_number, NOW.date(), "n") for one in people]
    assert found == [()] * 50


def test_what_is_missed_is_said():
    side = {"seconds": 1.0, "cpu": 1.0}
    found = {"fetched": side, "typed": side, "connector": {"seconds": 2.5, "cpu": 1.0}}
    assert verdict({"variants": {"v": found}}) == "MISSED: v: 2.50 × by hand, of at most 2 ×"
