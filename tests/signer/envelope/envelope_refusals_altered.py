"""Scenarios of a valid message that somebody without the keys changed afterwards."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from uuid import UUID

from envelope_cases import Cases
from envelope_forge import (
    Forge,
    Hop,
    Made,
    alter_ciphertext,
    alter_header,
    alter_recipient,
    alter_seal,
    alter_seals,
    alter_signature,
    alter_statement,
    fixed,
)
from envelope_routes import (
    FUND_KEY,
    HUB_KEY,
    NARROW_ORDER,
    REQUESTER_KEY,
    answer,
    application,
    in_batch,
    roster,
)
from envelope_world import P256_ORDER

from signer.envelope.format import Extension, Proof

SECOND = timedelta(seconds=1)
OTHER_ID = UUID("01952345-0000-7000-8000-000000000001")


def add(cases: Cases, forge: Forge) -> None:
    """Add them all; the order is the numbering."""
    _header(cases, forge)
    _statement(cases, forge)
    _recipient(cases, forge)
    _body(cases, forge)
    _seals(cases, forge)
    _signatures(cases, forge)
    _proofs(cases, forge)


def _header(cases: Cases, forge: Forge) -> None:
    made = answer(forge, "altered")
    note = Extension("test.note", critical=False, data=b"")
    for field, value, code in (
        ("suite", "none/1", "SUITE_UNKNOWN"),
        ("message_id", OTHER_ID, "CHAIN_DIGEST"),
        ("kind", "Problem", "LIFETIME"),
        ("source", "hub.marriage", "CHAIN_BROKEN"),
        ("destination", "321200", "CHAIN_DIGEST"),
        ("conversation", OTHER_ID, "CHAIN_DIGEST"),
        ("in_reply_to", bytes(32), "CHAIN_DIGEST"),
        ("order", bytes(32), "CHAIN_DIGEST"),
        ("resource", "housing-fund-loan", "CHAIN_DIGEST"),
        ("roster_part", 2, "CHAIN_DIGEST"),
        ("fragment", 1, "CHAIN_DIGEST"),
        ("last", False, "CHAIN_DIGEST"),
        ("created", made.header.created - SECOND, "LIFETIME"),
        ("created", made.header.created + SECOND, "CHAIN_DIGEST"),
        ("expires", made.header.expires - SECOND, "CHAIN_DIGEST"),
        ("payload_schema", bytes(32), "CHAIN_DIGEST"),
        ("compression", "deflate", "CHAIN_DIGEST"),
        ("subject_count", 3, "CHAIN_DIGEST"),
        ("commitment", bytes(32), "CHAIN_DIGEST"),
        ("extensions", (note,), "CHAIN_DIGEST"),
    ):
        named = replace(made, name=f"altered-header-{field.replace('_', '-')}")
        key = value.bytes if field == "conversation" else made.key
        changed = alter_header(named, **{field: value})
        cases.refuse(code, changed, f"Header field {field} changed after signing.", key=key)


def _statement(cases: Cases, forge: Forge) -> None:
    made = roster(forge, "altered")
    last = made.statement(2)
    for field, value, code in (
        ("role", "origin", "CHAIN_ROLE"),
        ("signer", forge.world.id("hub/signing"), "SIGNER_MISMATCH"),
        ("prev", bytes(32), "CHAIN_DIGEST"),
        ("sender", "hub", "CHAIN_BROKEN"),
        ("to", "320000", "WRONG_HOP"),
        ("received", last.received - SECOND, "SIGNATURE_INVALID"),
        ("forwarded", last.forwarded + SECOND, "SIGNATURE_INVALID"),
        ("directory_version", 6, "SIGNATURE_INVALID"),
        ("recipients", (), "SIGNATURE_INVALID"),
        ("order", None, "SIGNATURE_INVALID"),
    ):
        named = replace(made, name=f"altered-statement-{field.replace('_', '-')}")
        changed = alter_statement(named, 2, **{field: value})
        cases.refuse(code, changed, f"Statement field {field} changed after signing.")
    named = replace(made, name="altered-order-of-hub")
    changed = alter_statement(named, 1, order=NARROW_ORDER)
    cases.refuse("SIGNATURE_INVALID", changed, "An earlier order narrowed after signing.")
    named = replace(made, name="altered-origin")
    changed = alter_statement(named, 0, received=made.header.created - SECOND)
    cases.refuse("SIGNATURE_INVALID", changed, "The origin's statement changed after signing.")


def _recipient(cases: Cases, forge: Forge) -> None:
    made = application(forge, "altered-readers")
    reader = made.statement(0).recipients[0]
    for field, value, code in (
        ("suite", "none/1", "SUITE_UNKNOWN"),
        ("key", forge.world.id(REQUESTER_KEY), "SIGNATURE_INVALID"),
        ("epoch_start", reader.epoch_start + SECOND, "SIGNATURE_INVALID"),
        ("epoch", reader.epoch[:-1] + bytes([reader.epoch[-1] ^ 1]), "SIGNATURE_INVALID"),
        ("wrapped", reader.wrapped[:-1] + bytes([reader.wrapped[-1] ^ 1]), "SIGNATURE_INVALID"),
    ):
        named = replace(made, name=f"altered-reader-{field.replace('_', '-')}")
        changed = alter_recipient(named, 0, 0, **{field: value})
        cases.refuse(code, changed, f"Recipient field {field} changed after signing.")
    hop = Hop("320000", "hub", (HUB_KEY, REQUESTER_KEY))
    two = forge.make("readers", "Dispatch", [hop], destination="370000")
    both = two.statement(0).recipients
    for name, readers in (
        ("cut", both[:1]),
        ("swapped", both[::-1]),
        ("twice", (both[0], both[0], both[1])),
        ("of-another-message", made.statement(0).recipients + both[1:]),
    ):
        changed = alter_statement(replace(two, name=f"readers-{name}"), 0, recipients=readers)
        cases.refuse("SIGNATURE_INVALID", changed, f"Readers {name} after signing.")


def _body(cases: Cases, forge: Forge) -> None:
    made, other = application(forge, "body"), application(forge, "another-body")
    body = made.envelope.ciphertext
    for name, ciphertext in (
        ("flipped", body[:9] + bytes([body[9] ^ 4]) + body[10:]),
        ("cut", body[:-1]),
        ("longer", body + b"\0"),
        ("empty", b""),
        ("of-another-message", other.envelope.ciphertext),
    ):
        changed = alter_ciphertext(replace(made, name=f"ciphertext-{name}"), ciphertext)
        cases.refuse("CHAIN_DIGEST", changed, f"The ciphertext: {name}, after signing.")
    header = replace(made.envelope, protected=other.envelope.protected)
    changed = replace(made, name="header-of-another-message", envelope=header)
    cases.refuse("CHAIN_DIGEST", changed, "The whole header of another message.")


def _seals(cases: Cases, forge: Forge) -> None:
    made, other = roster(forge, "seals"), roster(forge, "seals-other")
    one, two, three = made.envelope.seals
    theirs = other.envelope.seals
    for name, seals, code in (
        ("last-cut", (one, two), "WRONG_PEER"),
        ("middle-cut", (one, three), "CHAIN_BROKEN"),
        ("first-cut", (two, three), "CHAIN_ROLE"),
        ("only-last", (three,), "CHAIN_ROLE"),
        ("last-twice", (one, two, three, three), "CHAIN_BROKEN"),
        ("first-twice", (one, one, two, three), "CHAIN_ROLE"),
        ("swapped", (one, three, two), "CHAIN_BROKEN"),
        ("reversed", (three, two, one), "CHAIN_ROLE"),
        ("first-of-another", (theirs[0], two, three), "CHAIN_DIGEST"),
        ("middle-of-another", (one, theirs[1], three), "CHAIN_DIGEST"),
        ("last-of-another", (one, two, theirs[2]), "CHAIN_DIGEST"),
        ("all-of-another", theirs, "CHAIN_DIGEST"),
    ):
        changed = alter_seals(replace(made, name=f"seals-{name}"), seals)
        cases.refuse(code, changed, f"The seals: {name}.")
    changed = alter_seals(replace(made, name="seals-cut-and-replayed"), (one,))
    cases.refuse(
        "WRONG_HOP",
        changed,
        "The requester's own seal alone, replayed to the agency in its name.",
        peer="370000",
    )


def _signatures(cases: Cases, forge: Forge) -> None:
    made = application(forge, "signature")
    value = made.envelope.seals[0].signature.value
    r, s = int.from_bytes(value[:32]), int.from_bytes(value[32:])
    zero, order = bytes(32), P256_ORDER.to_bytes(32)
    other = application(forge, "signature-other").envelope.seals[0].signature.value
    for name, changed, code in (
        ("high-s", value[:32] + (P256_ORDER - s).to_bytes(32), "SIGNATURE_FORM"),
        ("r-zero", zero + value[32:], "SIGNATURE_FORM"),
        ("s-zero", value[:32] + zero, "SIGNATURE_FORM"),
        ("both-zero", bytes(64), "SIGNATURE_FORM"),
        ("r-order", order + value[32:], "SIGNATURE_FORM"),
        ("s-order", value[:32] + order, "SIGNATURE_FORM"),
        ("short", value[:63], "SIGNATURE_FORM"),
        ("long", value + b"\0", "SIGNATURE_FORM"),
        ("empty", b"", "SIGNATURE_FORM"),
        ("der", b"\x30\x44\x02\x20" + value[:32] + b"\x02\x20" + value[32:], "SIGNATURE_FORM"),
        ("swapped-halves", (s.to_bytes(32) + min(r, P256_ORDER - r).to_bytes(32)), None),
        ("flipped", value[:31] + bytes([value[31] ^ 1]) + value[32:], None),
        ("of-another-message", other, None),
    ):
        altered = alter_signature(replace(made, name=f"signature-{name}"), 0, value=changed)
        cases.refuse(code or "SIGNATURE_INVALID", altered, f"A signature: {name}.")
    altered = alter_signature(replace(made, name="signature-suite"), 0, suite="none/1")
    cases.refuse("SUITE_UNKNOWN", altered, "A signature of an unknown suite.")
    seals = roster(forge, "signature-of-earlier").envelope.seals
    first = replace(seals[0], signature=seals[1].signature)
    altered = alter_seal(roster(forge, "signature-of-earlier"), 0, first)
    cases.refuse("SIGNATURE_INVALID", altered, "The first statement under the second's signature.")


def _proofs(cases: Cases, forge: Forge) -> None:
    def batch(name: str, size: int = 7, index: int = 3) -> Made:
        return in_batch(forge, application(forge, f"proof-{name}"), size, index)

    path = batch("path").envelope.seals[0].signature.proof.path
    for name, proof, comment in (
        ("index-is-size", Proof(7, 7, path), "An index that equals the size."),
        ("index-beyond", Proof(2**31 - 1, 7, path), "An index far beyond the size."),
        ("index-negative", Proof(-1, 7, path), "A negative index."),
        ("size-negative", Proof(3, -7, path), "A negative size."),
        ("size-zero", Proof(0, 0, ()), "A tree without leaves."),
        ("size-one", Proof(0, 1, ()), "A tree of one leaf, which needs no proof."),
        ("size-one-path", Proof(0, 1, path), "A tree of one leaf with a path."),
        ("path-short", Proof(3, 7, path[:-1]), "A path one hash short."),
        ("path-long", Proof(3, 7, (*path, path[0])), "A path one hash long."),
        ("path-empty", Proof(3, 7, ()), "No path at all."),
        ("size-wider", Proof(3, 9, path), "A size whose paths are longer."),
    ):
        made = alter_signature(batch(name), 0, proof=proof)
        cases.refuse("PROOF_INVALID", made, comment)
    made = in_batch(forge, application(forge, "proof-size-4097"), 4097, 5)
    cases.refuse("PROOF_INVALID", made, "A validly signed batch over 4,096.")
    wrong = (*path[:-1], fixed("a stranger"))
    for name, proof, comment in (
        ("sibling", Proof(3, 7, wrong), "A wrong sibling."),
        ("other-index", Proof(2, 7, path), "The index of the neighbour."),
        ("other-size", Proof(3, 8, path), "Another size with paths of the same length."),
        ("reversed", Proof(3, 7, path[::-1]), "The path from root to leaf."),
        ("none", None, "A batch signature without its proof."),
    ):
        made = alter_signature(batch(name), 0, proof=proof)
        cases.refuse("SIGNATURE_INVALID", made, comment)
    made = alter_signature(application(forge, "proof-added"), 0, proof=Proof(0, 2, path[:1]))
    cases.refuse("SIGNATURE_INVALID", made, "A lone signature with a proof added.")
    made = forge.make(
        "receipt-cut",
        "Receipt",
        (Hop("370000", "hub", (FUND_KEY,)), Hop("hub", "320000")),
        destination="320000.housing-fund",
    )
    made = alter_seals(made, made.envelope.seals[:1])
    cases.refuse("WRONG_HOP", made, "The relay's own seal is missing.", peer="370000")
