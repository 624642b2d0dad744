"""Forged proofs, one or more for each code of checks 4 to 15, but for two of check 7.

A forgery takes a `World` whose query is answered and returns the bytes of a file.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

from proof_world import (
    ACCOUNT,
    HOUSING,
    MARRIAGE,
    REQUESTER,
    STEP,
    World,
    order_of,
    row,
)

from signer.ca.issue import make_issuing, make_root
from signer.envelope.format import envelope_bytes
from signer.envelope.parse import reread
from signer.proof.format import HeadTimestamp, proof_bytes
from signer.uuid7 import uuid7

MILLISECOND = timedelta(milliseconds=1)


def altered(world: World, name: str, **changed) -> None:
    world.messages[name] = replace(world.messages[name], **changed)


def directory_under_another_authority(world):
    other = make_issuing(make_root(world.tree.now), world.tree.now)
    return world.file(directory=world.tree.records(issuers=[other.der]))


def signature_altered(world):
    envelope = bytearray(world.messages["decision"].envelope)
    envelope[-20] ^= 1
    altered(world, "decision", envelope=bytes(envelope))
    return world.file()


def changed_entry(old: bytes, new: bytes):
    def forge(world):
        audit = list(world.proof().audit)
        place = next(n for n, a in enumerate(audit) if old in a.entry)
        audit[place] = replace(audit[place], entry=audit[place].entry.replace(old, new))
        return world.file(audit=tuple(audit))

    return forge


def surplus_entry(world):
    """One that stands under the head, but names nothing here."""
    world.add("left out", REQUESTER, "Receipt", "hub", receipt_body(world))
    proof = world.proof()
    return proof_bytes(replace(proof, messages=proof.messages[:-1]))


def entries_out_of_order(world):
    audit = world.proof().audit
    return world.file(audit=(audit[1], audit[0], *audit[2:]))


def head_signed_by_another(world):
    world.tree.rings[REQUESTER] = world.tree.rings["320000"]
    return world.file()


def head_left_out(world):
    return world.file(audit=world.proof().audit[:-1])


def head_of_another_time(world):
    return world.file(made_at=world.now + STEP, audit=world.proof(made_at=world.now).audit)


def without_entries(world):
    return world.file(audit=())


def entry_of_another_chain(world):
    audit = list(world.proof().audit)
    audit[2] = replace(audit[2], prev=bytes(32))
    return world.file(audit=tuple(audit))


def entry_under_no_head(world):
    audit = list(world.proof().audit)
    audit[2] = replace(audit[2], inclusion=None)
    return world.file(audit=tuple(audit))


def entry_under_an_unknown_head(world):
    audit = list(world.proof().audit)
    audit[2] = replace(audit[2], inclusion=replace(audit[2].inclusion, head=999))
    return world.file(audit=tuple(audit))


def message_not_in_the_books(world):
    audit = world.proof().audit
    decision = world.messages["decision"]
    other = replace(decision, received=decision.received - MILLISECOND)
    messages = [other if m is decision else m for m in world.messages.values()]
    return world.file(audit=audit, messages=tuple(messages))


def seal_that_was_not_there(world):
    """The same message, its last seal by another key that was certified later."""
    audit = world.proof().audit
    name = "answer hub.marriage 0"
    opened = reread(world.messages[name].envelope)
    origin = replace(opened.envelope, seals=opened.envelope.seals[:1])
    hub = opened.statements[1]
    again = world.sealers["hub"].endorse(
        reread(envelope_bytes(origin)), REQUESTER, hub.received, hub.forwarded + MILLISECOND, 1
    )
    altered(world, name, envelope=again.data)
    return world.file(audit=audit)


def timestamp_that_is_none(world):
    world.stamp = lambda _data: (b"nothing", [])
    return world.file()


def timestamp_over_no_head(world):
    return world.file(timestamps=(HeadTimestamp(999, b"nothing", ()),))


def answer_after_the_revocation(world):
    agency = world.tree.participants["hub.marriage"]
    keys = tuple(replace(key, revoked=world.tree.now) for key in agency.keys)
    world.tree.participants["hub.marriage"] = replace(agency, keys=keys)
    return world.file()


def receipt_body(world):
    return {
        "opened": [],
        "faults": [],
        "found": 0,
        "not_found": 1,
        "not_answerable": 0,
        "received": world.now,
        "gaps": [],
    }


def answer_disclosed_in_a_sealed_proof(world):
    altered(world, "answer hub.marriage 0", secret=bytes(32))
    return world.file()


def opened_proof_with_a_sealed_answer(world):
    return world.file(opened=True)


def decision_of_another_query(world):
    other = uuid7(world.now, bytes)
    world.decide(conversation=other)
    return world.file()


def problem_among_them(world):
    body = {"about": None, "code": "X", "zh": "测试", "en": "test"}
    world.add("problem", "hub", "Problem", REQUESTER, body)
    return world.file()


def decision_to_somebody_else(world):
    body = {
        "application": world.digests["application"],
        "accepted": True,
        "findings": [],
        "decided_by": "policy",
        "decided": world.now,
        "start_by": world.now,
    }
    world.add("decision", "hub", "Decision", "320000", body)
    return world.file()


def last_endorsement_cut(world):
    name = "answer 321200.housing-bureau 0"
    envelope = reread(world.messages[name].envelope).envelope
    altered(world, name, envelope=envelope_bytes(replace(envelope, seals=envelope.seals[:-1])))
    return world.file()


def own_message_endorsed_further(world):
    opened = reread(world.messages["dispatch 370000"].envelope)
    further = world.sealers["hub"].endorse(opened, "320000", world.now, world.now, 1)
    altered(world, "dispatch 370000", envelope=further.data, received=world.now)
    return world.file()


def sent_later_than_sealed(world):
    altered(world, "application", received=world.messages["application"].received + MILLISECOND)
    return world.file()


def decision_twice_the_same(world):
    world.messages["again"] = world.messages["decision"]
    return world.file()


def dispatch_not_disclosed(world):
    altered(world, "dispatch 320000", secret=None)
    return world.file()


def roster_disclosed(world):
    altered(world, "roster 1", secret=bytes(32))
    return world.file()


def secret_of_another_message(world):
    altered(world, "dispatch 320000", secret=world.messages["dispatch hub"].secret)
    return world.file()


def application_left_out(world):
    del world.messages["application"]
    return world.file()


def applied_twice(world):
    world.apply("second application")
    return world.file()


def consent_left_out(world):
    del world.messages["consent 1"]
    return world.file()


def part_left_out(world):
    world.roster(3)
    return world.file()


def part_twice(world):
    world.messages["another roster"] = world.messages.pop("roster 1")
    world.roster(1)
    return world.file()


def province_assented_to(world):
    body = {
        "application": world.digests["application"],
        "requester": REQUESTER,
        "assented": True,
        "findings": [],
        "decided_by": "policy",
        "decided": world.now,
    }
    world.add(
        "assent", "320000", "Assent", REQUESTER, body, in_reply_to=world.digests["application"]
    )
    return world.file()


def decision_left_out(world):
    del world.messages["decision"]
    return world.file()


def decided_twice(world):
    world.messages["first decision"] = world.messages["decision"]
    world.decide(accepted=False)
    return world.file()


def decision_on_another_application(world):
    world.decide(application=bytes(32))
    return world.file()


def decision_in_reply_to_another(world):
    world.decide(in_reply_to=bytes(32))
    return world.file()


def refused_yet_dispatched(world):
    world.decide(accepted=False)
    return world.file()


def hub_dispatch_left_out(world):
    del world.messages["dispatch hub"]
    return world.file()


def dispatch_under_no_order(world):
    world.dispatch("321200", [], order=bytes(32))
    return world.file()


def dispatch_by_somebody_else(world):
    del world.messages["dispatch 321200"]
    unserved = {"part": 1, "resource": HOUSING, "code": "NO_AGENCY"}
    world.dispatch("320000", [], (unserved,), order=order_of("321200"))
    return world.file()


def dispatch_on_another_roster(world):
    world.dispatch(
        "321200", [row("321200.housing-bureau", HOUSING, world.due)], in_reply_to=bytes(32)
    )
    return world.file()


def hub_dispatch_on_another_application(world):
    world.dispatch("hub", [row("320000", ACCOUNT, world.due)], in_reply_to=bytes(32))
    return world.file()


def node_dispatch_as_if_the_hubs(world):
    del world.messages["dispatch hub"]
    world.dispatch("320000", [row("321200", HOUSING, world.due)], order=None)
    return world.file()


def hub_dispatched_twice(world):
    world.messages["first"] = world.messages["dispatch hub"]
    world.dispatch("hub", [])
    return world.file()


def order_dispatched_twice(world):
    world.messages["first"] = world.messages["dispatch 321200"]
    world.dispatch("321200", [row("321200.housing-bureau", HOUSING, world.due)])
    return world.file()


def with_row(changed):
    def forge(world):
        world.dispatch("321200", [changed(world)])
        return world.file()

    return forge


def with_rows_of_one_order_for_two(world):
    due, one = world.due, order_of("320000")
    rows = [row("320000", ACCOUNT, due), row("hub.marriage", MARRIAGE, due, order=one)]
    world.dispatch("hub", rows)
    return world.file()


def row_twice(world):
    world.dispatch("hub", [row("320000", ACCOUNT, world.due)] * 2)
    return world.file()


def resource_not_covered(world):
    world.dispatch("320000", [row("321200", HOUSING, world.due)])
    return world.file()


def due_later_than_ordered(world):
    late = world.due + MILLISECOND
    world.dispatch("321200", [row("321200.housing-bureau", HOUSING, late)])
    return world.file()


def part_not_dispatched(world):
    world.roster(2)
    return world.file()


def with_answer(**header):
    def forge(world):
        world.answer("hub.marriage", header.pop("resource", MARRIAGE), **header)
        return world.file()

    return forge


def answer_of_another_agency(world):
    world.answer("320000.housing-fund", MARRIAGE, order=order_of("hub.marriage"), fragment=7)
    return world.file()


def fragment_twice(world):
    world.messages["first"] = world.messages["answer hub.marriage 0"]
    world.answer("hub.marriage", MARRIAGE)
    return world.file()


def answer_dropped_from_delivered(world):
    world.delivered()
    del world.messages["answer hub.marriage 0"]
    return world.file()


def answer_dropped_with_the_hubs_receipt(world):
    world.delivered()
    del world.messages["answer hub.marriage 0"]
    del world.messages["receipt hub"]
    return world.file()


def receipt_for_another_agencys_answer(world):
    world.receipt("hub.marriage", world.digests["answer 321200.housing-bureau 0"])
    return world.file()


def receipt_before_any_dispatch(world):
    for name in list(world.messages):
        if name.startswith(("dispatch", "answer")):
            del world.messages[name]
    world.receipt("hub", world.digests["application"])
    return world.file()


def withdrawn_twice(world):
    world.withdraw()
    world.withdraw("again")
    return world.file()


def withdrawal_of_another_query(world):
    world.withdraw(about=bytes(32))
    return world.file()


def withdrawal_in_reply_to_another(world):
    world.withdraw(in_reply_to=bytes(32))
    return world.file()


def reply_to_no_withdrawal(world):
    world.reply("hub")
    return world.file()


def nothing_was_started_yet_decided_before(world):
    """The hub says that it had not begun, but orders were given."""
    world.withdraw()
    world.reply("hub", started=False)
    del world.messages["decision"]
    return world.file()


FORGERIES = [
    (directory_under_another_authority, "PROOF_DIRECTORY"),
    (signature_altered, "PROOF_ENVELOPE"),
    (changed_entry(b'"actor":"370000"', b'"actor":"operator:x"'), "PROOF_AUDIT_RECORD"),
    (changed_entry(b'"at":', b'"at": '), "PROOF_AUDIT_RECORD"),
    (surplus_entry, "PROOF_AUDIT_RECORD"),
    (entries_out_of_order, "PROOF_AUDIT_RECORD"),
    (head_signed_by_another, "PROOF_AUDIT_HEAD"),
    (head_left_out, "PROOF_AUDIT_HEAD"),
    (head_of_another_time, "PROOF_AUDIT_HEAD"),
    (without_entries, "PROOF_AUDIT_HEAD"),
    (changed_entry(b'"signature":"', b'"signature":"00'), "PROOF_AUDIT_HEAD"),
    (entry_of_another_chain, "PROOF_AUDIT_PATH"),
    (entry_under_no_head, "PROOF_AUDIT_PATH"),
    (entry_under_an_unknown_head, "PROOF_AUDIT_PATH"),
    (message_not_in_the_books, "PROOF_AUDIT_MISSING"),
    (seal_that_was_not_there, "PROOF_AUDIT_MISSING"),
    (timestamp_that_is_none, "PROOF_TIMESTAMP"),
    (timestamp_over_no_head, "PROOF_TIMESTAMP"),
    (answer_after_the_revocation, "PROOF_KEY_REVOKED"),
    (decision_of_another_query, "PROOF_CONVERSATION"),
    (problem_among_them, "PROOF_KIND"),
    (decision_to_somebody_else, "PROOF_PARTY"),
    (last_endorsement_cut, "PROOF_PATH"),
    (own_message_endorsed_further, "PROOF_PATH"),
    (sent_later_than_sealed, "PROOF_TIME"),
    (decision_twice_the_same, "PROOF_MESSAGE_TWICE"),
    (dispatch_not_disclosed, "PROOF_SECRET_MISSING"),
    (roster_disclosed, "PROOF_SECRET_SURPLUS"),
    (secret_of_another_message, "PROOF_SECRET_WRONG"),
    (answer_disclosed_in_a_sealed_proof, "PROOF_SECRET_SURPLUS"),
    (opened_proof_with_a_sealed_answer, "PROOF_SECRET_MISSING"),
    (application_left_out, "PROOF_APPLICATION"),
    (applied_twice, "PROOF_APPLICATION"),
    (consent_left_out, "PROOF_PART"),
    (part_left_out, "PROOF_PART"),
    (part_twice, "PROOF_PART"),
    (province_assented_to, "PROOF_ASSENT"),
    (decision_left_out, "PROOF_DECISION"),
    (decided_twice, "PROOF_DECISION"),
    (decision_on_another_application, "PROOF_DECISION_ELSEWHERE"),
    (decision_in_reply_to_another, "PROOF_DECISION_ELSEWHERE"),
    (refused_yet_dispatched, "PROOF_AFTER_REFUSAL"),
    (hub_dispatch_left_out, "PROOF_DISPATCH_FOREIGN"),
    (dispatch_under_no_order, "PROOF_DISPATCH_FOREIGN"),
    (dispatch_by_somebody_else, "PROOF_DISPATCH_FOREIGN"),
    (dispatch_on_another_roster, "PROOF_DISPATCH_FOREIGN"),
    (hub_dispatch_on_another_application, "PROOF_DISPATCH_FOREIGN"),
    (node_dispatch_as_if_the_hubs, "PROOF_DISPATCH_FOREIGN"),
    (hub_dispatched_twice, "PROOF_DISPATCH_TWICE"),
    (order_dispatched_twice, "PROOF_DISPATCH_TWICE"),
    (with_row(lambda w: row("nobody", HOUSING, w.due, leaf=False)), "PROOF_DISPATCH_ROW"),
    (with_row(lambda w: row("hub.marriage", HOUSING, w.due)), "PROOF_DISPATCH_ROW"),
    (
        with_row(lambda w: row("321200.housing-bureau", HOUSING, w.due, leaf=False)),
        "PROOF_DISPATCH_ROW",
    ),
    (with_rows_of_one_order_for_two, "PROOF_DISPATCH_ROW"),
    (row_twice, "PROOF_DISPATCH_ROW"),
    (resource_not_covered, "PROOF_DISPATCH_COVER"),
    (due_later_than_ordered, "PROOF_DISPATCH_COVER"),
    (part_not_dispatched, "PROOF_DISPATCH_COVER"),
    (with_answer(order=bytes(32)), "PROOF_ANSWER_FOREIGN"),
    (with_answer(resource=ACCOUNT), "PROOF_ANSWER_FOREIGN"),
    (with_answer(roster_part=2), "PROOF_ANSWER_FOREIGN"),
    (with_answer(in_reply_to=bytes(32)), "PROOF_ANSWER_FOREIGN"),
    (answer_of_another_agency, "PROOF_ANSWER_FOREIGN"),
    (fragment_twice, "PROOF_ANSWER_TWICE"),
    (with_answer(fragment=1), "PROOF_ANSWER_FRAGMENT"),
    (nothing_was_started_yet_decided_before, "PROOF_AFTER_REFUSAL"),
    (withdrawn_twice, "PROOF_CANCELLATION_TWICE"),
    (withdrawal_of_another_query, "PROOF_CANCELLATION_ELSEWHERE"),
    (withdrawal_in_reply_to_another, "PROOF_CANCELLATION_ELSEWHERE"),
    (reply_to_no_withdrawal, "PROOF_CANCELLATION_ELSEWHERE"),
    (answer_dropped_with_the_hubs_receipt, "PROOF_RECEIPT_FOREIGN"),
    (receipt_for_another_agencys_answer, "PROOF_RECEIPT_FOREIGN"),
    (answer_dropped_from_delivered, "PROOF_RECEIPT_EARLY"),
    (receipt_before_any_dispatch, "PROOF_RECEIPT_EARLY"),
]
