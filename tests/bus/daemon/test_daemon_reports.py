"""Reports of test runs in the hub's books of admission: what they change there, and what not."""

from __future__ import annotations

import sys
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from uuid import UUID

import pytest

sys.path.insert(0, str(Path(__file__).parents[1]))

from admitting import NODE, Admitting

from bus.config.models import ConformanceSection, HubSection
from bus.daemon.hub import exam_rules, report_taker
from bus.errors import InputError
from bus.model.admission import Act, AdmissionState, ConformanceReport
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


@pytest.mark.requirement("R014")
async def test_a_run_that_passed_makes_a_certified_participant_tested(country):
    admitting = Admitting(country)
    await admitting.certified()
    file = report_taker(admitting.service)
    name = NODE.participant
    states = []
    for purpose, state in (
        (RunPurpose.ADMISSION, RunState.FAILED),
        (RunPurpose.ORDERED, RunState.PASSED),
        (RunPurpose.ADMISSION, RunState.PASSED),
        (RunPurpose.INSPECTION, RunState.FAILED),
    ):
        run = replace(ended(purpose, state), participant=name)
        async with country["hub"].store.transaction() as unit:
            await file(unit, run)
            states.append((await unit.admission(name)).state)
    # What fails later takes nothing back, and stands in the way of the next step only.
    tested = [AdmissionState.CERTIFIED] * 2 + [AdmissionState.TESTED] * 2
    assert states == tested
    with pytest.raises(InputError, match="REPORT_FAILED"):
        await admitting.act(Act.CONNECT)


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
