"""Reports of test runs in the hub's books of admission: what they change there, and what not."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest

from bus.config.models import ConformanceSection, HubSection
from bus.daemon.hub import exam_rules, report_taker
from bus.model.admission import ConformanceReport
from bus.model.probe import Run, RunPurpose, RunState

NOW = datetime(2026, 3, 2, 2, 0, tzinfo=UTC)


class Books:
    """What takes the reports: an admission service, as far as this is concerned."""

    def __init__(self):
        self.reports = []

    async def take_report(self, unit, report):
        self.reports.append((unit, report))


def ended(purpose, state):
    return Run(
        id=UUID(int=1),
        participant="370000",
        purpose=purpose,
        state=state,
        opened=NOW,
        due=NOW,
        tests=(),
        ended=NOW,
        expires=NOW + timedelta(days=90),
        report=b"signed",
    )


@pytest.mark.requirement("R014", "R016")
@pytest.mark.parametrize(
    ("purpose", "state", "counts"),
    [
        (RunPurpose.ADMISSION, RunState.PASSED, True),
        (RunPurpose.ADMISSION, RunState.FAILED, True),
        (RunPurpose.INSPECTION, RunState.FAILED, True),
        (RunPurpose.ORDERED, RunState.FAILED, True),
        # A subset of the tests never speaks for a participant.
        (RunPurpose.INSPECTION, RunState.PASSED, False),
        (RunPurpose.ORDERED, RunState.PASSED, False),
    ],
)
async def test_a_whole_run_speaks_for_or_against_and_an_inspection_only_against(
    purpose, state, counts
):
    books = Books()
    run = ended(purpose, state)
    await report_taker(books)("unit", run)
    passed = state is RunState.PASSED
    report = ConformanceReport("370000", run.ended, run.expires, passed, b"signed")
    assert books.reports == ([("unit", report)] if counts else [])


def test_the_rules_are_those_of_the_configuration(tmp_path):
    said = ConformanceSection(
        answer_within_minutes=7,
        valid_days=30,
        probes=9,
        floor_per_second=2,
        inspect_every_days=0,
    )
    rules = exam_rules(HubSection(participants=tmp_path, conformance=said))
    assert (rules.answer_within, rules.valid_for) == (timedelta(minutes=7), timedelta(days=30))
    assert (rules.probes, rules.floor_per_second) == (9, 2)
    assert rules.inspect_every == timedelta(0)
