"""形式审查: collecting in any order, deciding once, by whom and why."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from itertools import permutations

import pytest
from flow_samples import APPLICATION, NOW, QUERY, application, case, message

from bus.errors import InputError, RefusedError
from bus.flow.collecting import MAX_LISTED, all_here, collect
from bus.flow.review import (
    BY_POLICY,
    MAX_FINDINGS,
    Reviewed,
    decide,
    may_accept_by_policy,
    open_review,
    reason,
    take_decision,
    under_policy,
)
from bus.model.case import CaseRole, QueryState
from bus.model.messages import Decision, Finding
from bus.model.request import Consent, PartDigest, Roster
from bus.model.review import Waits
from bus.rules.review_policy import ReviewMode, ReviewPolicy, ReviewRule, draw
from bus.rules.working_days import Calendar
from schemas.codes import refusal_reasons

CALENDAR = Calendar()
ROSTER = message(Roster(None, 1, ()), digest=b"\x01" * 32, source="370000", kind="Roster")
CONSENT = message(Consent(b"", 1, ()), digest=b"\x02" * 32, source="370000", kind="Consent")
LISTED = (
    PartDigest("Roster", 1, ROSTER.digest, 1),
    PartDigest("Consent", 1, CONSENT.digest, 1),
)
FORM = message(application(LISTED), digest=APPLICATION, source="370000", kind="Application")
FINDING = Finding("SOMETHING", "某处有误", "something", "表")


@pytest.mark.requirement("R025")
@pytest.mark.parametrize("order", list(permutations([ROSTER, CONSENT, FORM])))
def test_parts_and_application_are_collected_in_any_order(order):
    at = None
    for count, one in enumerate(order, 1):
        at = collect(at, one)
        assert all_here(at) == (count == 3)
        assert at.state is QueryState.SUBMITTED
    assert (at.application, at.person_count) == (APPLICATION, 1)
    assert set(at.received) == {ROSTER.digest, CONSENT.digest}


SEED = b"seed" * 8


def judged(reviewed, policy, province="370000"):
    return under_policy(open_review(collected(), reviewed, NOW), reviewed, policy, province)


def collected():
    at = None
    for one in (FORM, ROSTER, CONSENT):
        at = collect(at, one)
    return at


def test_what_does_not_belong_is_refused():
    at = collect(None, FORM)
    with pytest.raises(RefusedError, match="REQUESTER_DIFFERS"):
        collect(at, message(Roster(None, 1, ()), source="320000"))
    with pytest.raises(RefusedError, match="PART_NOT_LISTED"):
        collect(at, message(Roster(None, 2, ()), digest=b"\x05" * 32, source="370000"))
    with pytest.raises(RefusedError, match="APPLICATION_TWICE"):
        collect(at, replace(FORM))
    with pytest.raises(RefusedError, match="APPLICATION_CLOSED"):
        collect(open_review(collected(), Reviewed((), ()), NOW), ROSTER)


def test_the_number_of_parts_is_bounded_before_and_in_the_application():
    many = tuple(PartDigest("Roster", n, bytes(32), 1) for n in range(MAX_LISTED + 1))
    with pytest.raises(RefusedError, match="TOO_MANY_PARTS"):
        collect(None, message(application(many), source="370000"))
    full = replace(collect(None, ROSTER), received=(b"x",) * MAX_LISTED)
    with pytest.raises(RefusedError, match="TOO_MANY_PARTS"):
        collect(full, CONSENT)


def test_findings_beyond_what_is_kept_are_counted():
    at = open_review(collected(), Reviewed((), (FINDING,) * (MAX_FINDINGS + 7)), NOW)
    assert len(at.findings) == MAX_FINDINGS + 1
    assert "7" in at.findings[-1].zh
    few = open_review(collected(), Reviewed((), (FINDING,) * MAX_FINDINGS), NOW)
    assert len(few.findings) == MAX_FINDINGS


@pytest.mark.requirement("R025")
def test_only_a_clean_application_under_an_automatic_policy_needs_nobody():
    assert may_accept_by_policy(judged(Reviewed((), ()), ReviewPolicy.AUTOMATIC))
    for reviewed, policy, why in (
        (Reviewed((), (FINDING,)), ReviewPolicy.AUTOMATIC, Waits.DOUBTFUL),
        (Reviewed((FINDING,), (FINDING,)), ReviewPolicy.AUTOMATIC, Waits.BLOCKING),
        (Reviewed((), ()), ReviewPolicy.MANUAL, Waits.MANUAL),
    ):
        at = judged(reviewed, policy)
        assert not may_accept_by_policy(at)
        assert at.review.waits is why
    assert not may_accept_by_policy(collected())


@pytest.mark.requirement("R058")
@pytest.mark.requirement("R070")
def test_a_warning_is_kept_for_the_reviewer_and_stops_nothing():
    at = judged(Reviewed((), (), (FINDING,)), ReviewPolicy.AUTOMATIC)
    assert may_accept_by_policy(at)
    assert at.review.warnings == (FINDING,)
    assert at.findings == ()


@pytest.mark.requirement("R026")
def test_a_sampled_application_waits_exactly_where_its_draw_is_below_the_rate():
    number = draw(SEED, QUERY)
    below = ReviewRule(None, None, ReviewMode.SAMPLED, number)
    above = ReviewRule(None, None, ReviewMode.SAMPLED, number + 1)
    passed = judged(Reviewed((), ()), ReviewPolicy(ReviewMode.MANUAL, (below,), seed=SEED))
    taken = judged(Reviewed((), ()), ReviewPolicy(ReviewMode.MANUAL, (above,), seed=SEED))
    assert (passed.review.waits, passed.review.draw) == (None, number)
    assert (taken.review.waits, taken.review.draw) == (Waits.SAMPLED, number)
    assert (taken.review.rule, taken.review.rate) == (1, number + 1)
    other = judged(Reviewed((), ()), ReviewPolicy(ReviewMode.MANUAL, (above,), seed=SEED[::-1]))
    assert other.review.draw != number


@pytest.mark.requirement("R028")
def test_a_decision_names_the_end_of_the_second_working_day_after_receipt():
    # Received on a Friday afternoon in Shanghai: Monday and Tuesday are the two days.
    friday = datetime(2026, 3, 6, 8, 0, tzinfo=UTC)
    at = replace(open_review(collected(), Reviewed((), ()), NOW), opened=friday)
    _, send = decide(at, True, (), BY_POLICY, CALENDAR, NOW)
    assert send.body.start_by == datetime(2026, 3, 10, 16, 0, tzinfo=UTC)


@pytest.mark.requirement("R027")
def test_a_refusal_is_sent_with_its_reasons_and_ends_the_query():
    why = (reason("PURPOSE_UNCLEAR"),)
    at, send = decide(
        open_review(collected(), Reviewed((), (FINDING,)), NOW), False, why, "审查员", CALENDAR, NOW
    )
    assert (at.state, at.decided_by, at.findings) == (QueryState.REFUSED, "审查员", why)
    assert (send.destination, send.readers) == ("370000", ("370000",))
    assert (send.body.accepted, send.body.findings) == (False, why)
    with pytest.raises(RefusedError, match="ILLEGAL_STATE"):
        decide(at, True, (), "审查员", CALENDAR, NOW)


@pytest.mark.requirement("R027")
def test_every_reason_of_the_table_can_be_given_and_no_other():
    for code, row in refusal_reasons().items():
        assert reason(code) == Finding(code, row.zh, row.en, "")
    with pytest.raises(InputError, match="REASON_UNKNOWN") as refusal:
        reason("x" * 100)
    assert len(refusal.value.where) == 40
    assert all(code in refusal.value.remedy_zh for code in refusal_reasons())


def decision(accepted, about=APPLICATION):
    return Decision(about, accepted, (), BY_POLICY, NOW, NOW)


def test_the_requester_takes_a_decision_once_and_about_its_own_application():
    at = case(state=QueryState.SUBMITTED)
    with pytest.raises(RefusedError, match="DECISION_ELSEWHERE"):
        take_decision(at, message(), decision(True, b"\x0f" * 32))
    taken = take_decision(at, message(), decision(True))
    assert (taken.state, taken.decision) == (QueryState.ACCEPTED, message().digest)
    with pytest.raises(RefusedError, match="ILLEGAL_STATE"):
        take_decision(taken, message(), decision(False))
    refused = take_decision(at, message(), decision(False))
    assert refused.state is QueryState.REFUSED
    assert at.role is CaseRole.REQUESTER
