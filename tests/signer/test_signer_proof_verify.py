"""Checks 4 to 14: what a good proof says, and how each forgery fails."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest
from proof_forgeries import FORGERIES, altered
from proof_world import (
    ACCOUNT,
    HOUSING,
    MARRIAGE,
    REQUESTER,
    STEP,
    World,
    delivered_world,
    refused_world,
    row,
)

from signer.ca.issue import make_root
from signer.certificates import PathValidator
from signer.proof.account import CertificateStanding, ProofState, RowOutcome
from signer.proof.failures import FAILURES, ProofError
from signer.proof.verify import verify


def failure_of(data: bytes, tree) -> ProofError:
    with pytest.raises(ProofError) as caught:
        verify(data, tree.validator)
    return caught.value


# --- what a good proof says


def test_a_delivered_query_is_told_from_asking_to_receipt(tree):
    world = delivered_world(tree)
    account = verify(world.file(), tree.validator)
    assert account.state is ProofState.DELIVERED
    assert (account.query, account.requester.id) == (world.query, REQUESTER)
    assert account.requester.title == "测试单位 370000"
    assert account.application.digest == world.digests["application"]
    assert account.application.signed_at == world.messages["application"].received
    assert account.decision.accepted
    assert (account.decision.by.id, account.decision.decided_by) == ("hub", "policy")
    assert {(o.by.id, o.to.id, o.resource, o.outcome) for o in account.orders} == {
        ("hub", "320000", ACCOUNT, RowOutcome.DISPATCHED),
        ("hub", "320000", HOUSING, RowOutcome.DISPATCHED),
        ("hub", "370000", ACCOUNT, RowOutcome.DISPATCHED),
        ("hub", "hub.marriage", MARRIAGE, RowOutcome.ANSWERED),
        ("320000", "320000.housing-fund", ACCOUNT, RowOutcome.ANSWERED),
        ("320000", "321200", HOUSING, RowOutcome.DISPATCHED),
        ("321200", "321200.housing-bureau", HOUSING, RowOutcome.ANSWERED),
    }
    assert [(n.by.id, n.resource, n.code) for n in account.not_served] == [
        ("370000", ACCOUNT, "NO_AGENCY")
    ]
    assert [r.to.id for r in account.receipts] == [
        "hub",
        "hub.marriage",
        "320000.housing-fund",
        "321200.housing-bureau",
    ]
    assert account.open == ()


def test_an_answer_is_told_with_every_seal_on_its_way(tree):
    world = delivered_world(tree)
    account = verify(world.file(), tree.validator)
    answers = {a.agency.id: a for a in account.answers}
    bureau = answers["321200.housing-bureau"]
    (fragment,) = bureau.fragments
    assert [e.by.id for e in fragment.endorsed] == ["321200", "320000", "hub"]
    times = [fragment.sealed_at, *(e.forwarded for e in fragment.endorsed), fragment.received]
    assert times == sorted(set(times))
    assert (bureau.resource, bureau.part, bureau.whole, bureau.late) == (HOUSING, 1, True, False)
    fund = answers["320000.housing-fund"]
    assert [(f.number, f.last) for f in fund.fragments] == [(0, False), (1, True)]


def test_every_signing_certificate_is_told(tree):
    account = verify(delivered_world(tree).file(), tree.validator)
    owners = {c.owner.id: c for c in account.certificates}
    assert set(owners) == set(tree.participants)
    assert {c.standing for c in owners.values()} == {CertificateStanding.VALID}
    assert owners["hub"].key_id == tree.rings["hub"].signing_key


def test_a_key_revoked_since_leaves_the_proof_valid_and_is_remarked(tree):
    world = delivered_world(tree)
    revoked = world.now + STEP
    agency = tree.participants["hub.marriage"]
    keys = tuple(replace(key, revoked=revoked) for key in agency.keys)
    tree.participants["hub.marriage"] = replace(agency, keys=keys)
    account = verify(world.file(made_at=revoked + STEP), tree.validator)
    standing = {c.owner.id: (c.standing, c.revoked) for c in account.certificates}
    assert standing["hub.marriage"] == (CertificateStanding.REVOKED_SINCE, revoked)
    assert standing["320000"] == (CertificateStanding.VALID, None)


def test_a_refused_query_is_told_with_its_reasons(tree):
    account = verify(refused_world(tree).file(), tree.validator)
    assert account.state is ProofState.REFUSED
    assert not account.decision.accepted
    assert [reason.code for reason in account.decision.reasons] == ["R042"]
    assert account.orders == account.answers == ()


STATES = {
    ProofState.ACCEPTED: (),
    ProofState.STARTED: ("dispatched",),
    ProofState.ANSWERED: ("dispatched", "answered"),
    ProofState.DELIVERED: ("dispatched", "answered", "delivered"),
}


@pytest.mark.parametrize("state", STATES)
def test_the_state_is_how_far_the_query_had_come(tree, state):
    world = World(tree)
    world.applied()
    world.decide()
    for stage in STATES[state]:
        getattr(world, stage)()
    assert verify(world.file(), tree.validator).state is state


@pytest.mark.parametrize("missing", ["answer hub.marriage 0", "answer 320000.housing-fund 1"])
def test_a_missing_answer_or_fragment_is_told_as_open(tree, missing):
    world = World(tree)
    world.applied()
    world.decide()
    world.dispatched()
    world.answered()
    del world.messages[missing]
    account = verify(world.file(), tree.validator)
    assert account.state is ProofState.PARTLY_ANSWERED
    assert [o.to.id for o in account.open] == [missing.split()[1]]


def test_a_node_that_has_not_dispatched_is_told_as_open(tree):
    world = World(tree)
    world.applied()
    world.decide()
    world.dispatch("hub", [row("320000", ACCOUNT, world.due)])
    account = verify(world.file(), tree.validator)
    assert account.state is ProofState.STARTED
    assert [o.to.id for o in account.open] == ["320000"]


@pytest.mark.requirement("R029")
def test_an_answer_after_its_due_time_is_told_as_late(tree):
    world = World(tree)
    world.applied()
    world.decide()
    world.dispatch("hub", [row("hub.marriage", MARRIAGE, world.now + 2 * STEP)])
    world.answer("hub.marriage", MARRIAGE)
    (answer,) = verify(world.file(), tree.validator).answers
    assert answer.late


def test_two_parts_are_told_apart(tree):
    world = World(tree)
    world.roster(1)
    world.roster(2)
    world.apply()
    world.decide()
    second = b"2" * 32
    rows = [
        row("hub.marriage", MARRIAGE, world.due),
        row("hub.marriage", MARRIAGE, world.due, part=2, order=second),
    ]
    world.dispatch("hub", rows)
    world.answer(
        "hub.marriage",
        MARRIAGE,
        order=second,
        roster_part=2,
        in_reply_to=world.digests["roster 2"],
    )
    account = verify(world.file(), tree.validator)
    assert account.application.parts == 2
    assert [(a.part, a.whole) for a in account.answers] == [(2, True)]
    assert [o.part for o in account.open] == [1]


@pytest.mark.parametrize(("forge", "code"), FORGERIES)
def test_a_forgery_fails_in_its_check(tree, forge, code):
    world = World(tree)
    world.applied()
    world.decide()
    world.dispatched()
    world.answered()
    verify(world.file(), tree.validator)
    failure = failure_of(forge(world), tree)
    assert failure.code == code
    assert failure.check.number == FAILURES[code][0]


def test_every_code_from_check_4_on_has_a_forgery():
    # The two that need certificates of their own are in test_signer_proof_times.py.
    forged = {code for _, code in FORGERIES} | {"PROOF_KEY_EXPIRED", "PROOF_TIME_UNPROVEN"}
    assert forged == {code for code, (number, _, _) in FAILURES.items() if number > 3}


# --- the directory and the times it is judged by


def test_another_root_fails_check_4(tree):
    data = refused_world(tree).file()
    with pytest.raises(ProofError) as caught:
        verify(data, PathValidator(make_root(tree.now).der))
    assert caught.value.check.number == 4
    assert "DIRECTORY_CERTIFICATE" in caught.value.en


def test_an_entry_left_out_of_the_directory_fails_check_4(tree):
    world = refused_world(tree)
    records = world.tree.records()
    del records["321200"]
    assert failure_of(world.file(directory=records), tree).code == "PROOF_DIRECTORY"


def test_a_directory_long_past_its_expiry_fails_check_4(tree):
    data = refused_world(tree).file(made_at=tree.now + timedelta(days=4))
    failure = failure_of(data, tree)
    assert failure.code == "PROOF_DIRECTORY"
    assert "DIRECTORY_EXPIRED" in failure.en


def test_a_key_revoked_before_receipt_fails_check_7(tree):
    world = delivered_world(tree)
    agency = tree.participants["hub.marriage"]
    keys = tuple(replace(key, revoked=tree.now) for key in agency.keys)
    tree.participants["hub.marriage"] = replace(agency, keys=keys)
    failure = failure_of(world.file(), tree)
    assert (failure.code, failure.check.number) == ("PROOF_KEY_REVOKED", 7)


@pytest.mark.parametrize(
    ("received", "code"),
    [(timedelta(minutes=-30), "NOT_YET_VALID"), (timedelta(days=8), "EXPIRED")],
)
def test_a_time_of_receipt_outside_what_the_seals_allow_fails_check_5(tree, received, code):
    world = refused_world(tree)
    at = world.now + received
    altered(world, "decision", received=at)
    late = max(at, world.now) + STEP
    issued = {"issued": late - STEP, "expires": late + STEP}
    failure = failure_of(world.file(made_at=late, directory=tree.records(**issued)), tree)
    assert failure.code == "PROOF_ENVELOPE"
    assert code in failure.en
