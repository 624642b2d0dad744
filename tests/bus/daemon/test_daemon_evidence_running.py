"""The hub's rules on evidence by its configuration, and a suspension in earnest (R024, R026)."""

from __future__ import annotations

import sys
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from uuid import UUID

import pytest

sys.path.insert(0, str(Path(__file__).parents[1]))

from admitting import Admitting
from daemon_deeds import events
from evidence_deeds import call_of, terms

from bus.config.models import EvidenceSection
from bus.daemon.evidence.running import Suspending, evidence_rules
from bus.errors import ConfigError
from bus.flow.evidence import EvidenceRules
from bus.model.admission import AdmissionState
from bus.model.audit import Event
from bus.model.evidence import EvidenceCall, EvidenceItem
from signer.errors import KeyFileError


@pytest.fixture
def seed(tmp_path):
    path = tmp_path / "seed"
    path.write_text("ab" * 32 + "\n", encoding="ascii")
    path.chmod(0o600)
    return path


def test_nobody_is_drawn_and_nobody_suspended_unless_the_configuration_says_so():
    assert evidence_rules(EvidenceSection()) == EvidenceRules()
    assert (EvidenceRules().seed, EvidenceRules().suspend_after) == (b"", 0)


@pytest.mark.requirement("R026")
def test_the_rules_are_those_of_the_configuration(seed):
    section = EvidenceSection(
        seed_file=seed,
        sample_rate=0.02,
        doubt_rate=0.5,
        before_acceptance=True,
        overdue_to_manual=False,
        suspend_after=3,
        warn_before_hours=48,
    )
    assert evidence_rules(section) == EvidenceRules(
        seed=b"ab" * 32,
        sample_rate=0.02,
        doubt_rate=0.5,
        before_acceptance=True,
        overdue_to_manual=False,
        suspend_after=3,
        warn_before=timedelta(days=2),
    )


@pytest.mark.parametrize("change", [{"sample_rate": 1.1}, {"suspend_after": -1}, {"rate": 0.1}])
def test_a_rate_that_cannot_be_is_refused(change):
    with pytest.raises(ValueError, match=next(iter(change))):
        EvidenceSection(**change)


def test_a_seed_that_is_short_or_that_others_can_read_is_refused(seed):
    seed.chmod(0o644)
    with pytest.raises(KeyFileError) as caught:
        evidence_rules(EvidenceSection(seed_file=seed))
    assert caught.value.code == "KEY_FILE_READABLE"
    seed.chmod(0o600)
    seed.write_text("s3cr3t\n", encoding="ascii")
    with pytest.raises(ConfigError) as caught:
        evidence_rules(EvidenceSection(seed_file=seed))
    assert caught.value.code == "EVIDENCE_SEED"
    assert "s3cr3t" not in str(caught.value)


@pytest.mark.requirement("R024")
async def test_the_hub_suspends_with_the_reason_on_file(country):
    admitting = Admitting(country)
    await admitting.connected()
    country["hub"].office.evidence = EvidenceRules(suspend_after=1)
    now = country.clock.now()
    call = EvidenceCall(
        id=UUID(int=1),
        query=UUID(int=2),
        requester="330000",
        reason="SAMPLE",
        ordered_by="policy",
        opened=now,
        since=now,
        due=now,
        provisional=False,
        items=(EvidenceItem(1, "identity"),),
        overdue=now,
    )
    later = replace(call, id=UUID(int=3), requester="370000")
    async with country["hub"].store.transaction() as unit:
        await unit.save_call(call)
        await unit.save_call(later)
    # The second is listed in a file: only an operator can suspend it.
    await terms(country, suspend=Suspending(admitting.service)).look()
    async with country["hub"].store.transaction() as unit:
        admission = await unit.admission("330000")
    assert admission.state is AdmissionState.SUSPENDED
    assert admission.steps[-1].reason == "逾期未提交证明材料 1 起（R024）"
    moved = [e for e in await events(country, "hub") if e.event == Event.ADMISSION_MOVED]
    assert moved[-1].actor == "operator:policy"
    assert (await call_of(country, "hub", later.id)).acted
