"""Movements of an admission: the whole table, and that nothing else moves."""

from __future__ import annotations

import os
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import admission_page
import pytest

from bus.errors import InputError
from bus.model.admission import (
    Act,
    Admission,
    AdmissionState,
    ConformanceReport,
    FiledStandard,
    Filing,
    IssuedGeneration,
)
from bus.rules.admission import (
    TRANSITIONS,
    amend,
    apply,
    check_report,
    issue,
    move,
    standing_of,
)
from signer.directory.view import Standing

NOW = datetime(2026, 3, 2, 2, 0, tzinfo=UTC)
LATER = NOW + timedelta(hours=1)
WHO = "王芳"
WHY = "民办函〔2026〕1号"

FILING = Filing(
    digest=b"\1" * 32,
    at=NOW,
    parent="hub",
    title="测试核对中心",
    generation=1,
    standards=(FiledStandard("MZ/T 108-2018", "2018"),),
    hosts=("10.0.0.7",),
    offers=(),
)
ISSUED = IssuedGeneration(1, (b"der",), (b"issuer",), NOW)


def at(state: AdmissionState, **changed) -> Admission:
    made = Admission("370000", state, NOW, NOW, filings=(FILING,))
    return replace(made, **changed)


def report(**changed) -> ConformanceReport:
    made = ConformanceReport("370000", NOW, LATER, True, b"signed")
    return replace(made, **changed)


def code_of(call) -> str:
    with pytest.raises(InputError) as caught:
        call()
    return caught.value.code


@pytest.mark.requirement("R007")
@pytest.mark.parametrize("act", Act)
@pytest.mark.parametrize("state", AdmissionState)
def test_only_what_the_table_has_moves_an_admission(state, act):
    before = at(state)
    to = TRANSITIONS[state].get(act)
    if to is None:
        assert code_of(lambda: move(before, act, WHO, WHY, LATER)) == "ADMISSION_ILLEGAL"
        assert before == at(state)
        return
    after = move(before, act, WHO, WHY, LATER)
    assert after.state is to
    assert after.updated == LATER
    (step,) = after.steps
    assert (step.act, step.to, step.at, step.by, step.reason) == (act, to, LATER, WHO, WHY)


def test_every_state_is_reached_and_every_act_is_of_use():
    reached = {to for possible in TRANSITIONS.values() for to in possible.values()}
    assert reached | {AdmissionState.APPLIED} == set(AdmissionState) == set(TRANSITIONS)
    assert {act for possible in TRANSITIONS.values() for act in possible} == set(Act)


@pytest.mark.requirement("R014")
def test_connected_is_reached_from_tested_and_suspended_only():
    leading = {s for s, acts in TRANSITIONS.items() if AdmissionState.CONNECTED in acts.values()}
    own = {AdmissionState.CONNECTED}
    assert leading - own == {AdmissionState.TESTED, AdmissionState.SUSPENDED}


def test_an_application_opens_an_admission_and_a_second_one_waits_for_its_end():
    made = apply(None, "370000", FILING, WHO, WHY)
    assert (made.state, made.filing, made.opened) == (AdmissionState.APPLIED, FILING, NOW)
    again = replace(FILING, digest=b"\2" * 32, at=LATER)
    assert code_of(lambda: apply(made, "370000", again, WHO, WHY)) == "ADMISSION_ILLEGAL"
    refused = move(made, Act.REFUSE, WHO, WHY, LATER)
    anew = apply(refused, "370000", again, WHO, WHY)
    assert anew.filings == (FILING, again)
    assert [step.act for step in anew.steps] == [Act.APPLY, Act.REFUSE, Act.APPLY]


@pytest.mark.requirement("R013")
def test_an_amendment_keeps_the_earlier_addresses_as_history():
    moved = replace(FILING, hosts=("10.0.0.8",), at=LATER)
    made = amend(at(AdmissionState.CONNECTED), moved, WHO, WHY)
    assert made.state is AdmissionState.CONNECTED
    assert [filing.hosts for filing in made.filings] == [("10.0.0.7",), ("10.0.0.8",)]
    elsewhere = replace(moved, parent="320000")
    call = lambda: amend(at(AdmissionState.CONNECTED), elsewhere, WHO, WHY)  # noqa: E731
    assert code_of(call) == "AMENDMENT_PARENT"


def test_an_application_is_in_force_once_it_is_approved_and_an_amendment_at_once():
    applied = apply(None, "370000", FILING, WHO, WHY)
    assert applied.in_force is None
    approved = move(applied, Act.APPROVE, WHO, WHY, LATER)
    assert approved.in_force == replace(FILING, accepted=LATER)
    moved = replace(FILING, hosts=("10.0.0.8",), at=LATER)
    assert amend(at(AdmissionState.TESTED), moved, WHO, WHY).in_force.hosts == ("10.0.0.8",)
    left = move(replace(approved, issued=(ISSUED,)), Act.WITHDRAW, WHO, WHY, LATER)
    back = apply(left, "370000", replace(moved, parent="320000"), WHO, WHY)
    assert back.in_force.parent == "hub"  # what nobody has accepted changes nothing


def test_certificates_are_the_first_ones_or_a_renewal_of_a_later_generation():
    certified = issue(at(AdmissionState.APPROVED), ISSUED, WHO, WHY)
    assert (certified.state, certified.issued) == (AdmissionState.CERTIFIED, (ISSUED,))
    assert code_of(lambda: issue(certified, ISSUED, WHO, WHY)) == "GENERATION_TAKEN"
    second = replace(ISSUED, generation=2)
    renewed = issue(replace(certified, state=AdmissionState.CONNECTED), second, WHO, WHY)
    assert (renewed.state, renewed.issued) == (AdmissionState.CONNECTED, (ISSUED, second))
    for state in (AdmissionState.APPLIED, AdmissionState.REFUSED, AdmissionState.WITHDRAWN):
        assert code_of(lambda s=state: issue(at(s), ISSUED, WHO, WHY)) == "ADMISSION_ILLEGAL"


@pytest.mark.requirement("R014")
def test_only_a_report_that_passed_and_has_not_expired_lets_one_connect():
    check_report(report(), "370000", NOW)
    for given, code in (
        (None, "REPORT_MISSING"),
        (report(passed=False), "REPORT_FAILED"),
        (report(expires=NOW), "REPORT_EXPIRED"),
    ):
        assert code_of(lambda g=given: check_report(g, "370000", NOW)) == code


def test_the_directory_lists_who_was_ever_certified():
    for state in AdmissionState:
        assert standing_of(at(state)) is None
        expected = Standing.__members__.get(state.name, Standing.WITHDRAWN)
        assert standing_of(at(state, issued=(ISSUED,))) is expected


def test_the_page_shows_the_table():
    if os.environ.get("HEDUI_WRITE_DOCS"):
        admission_page.write(admission_page.section())
    assert admission_page.written() == admission_page.section(), (
        "docs/spec/admission.md: run this test with HEDUI_WRITE_DOCS=1"
    )
