"""Scenarios refused at checks 11 to 16: validly signed, but the body is not as it should be."""

from __future__ import annotations

import zlib
from copy import deepcopy
from dataclasses import replace
from typing import Any

from envelope_cases import Cases
from envelope_forge import FULL_ORDER, Forge, H, Hop, Made, alter_ciphertext, fixed
from envelope_payloads import PAYLOADS
from envelope_quirks import deflate, varint
from envelope_routes import (
    DOWN,
    HUB_KEY,
    REQUESTER_KEY,
    TO_FUND,
    UP,
    answer,
    application,
    ordered,
    payload_bytes,
    roster,
)

from schemas.loader import encode, load
from signer.envelope import labels, padding

MAX_PAYLOAD = 8 * 1024 * 1024


def add(cases: Cases, forge: Forge) -> None:
    """Add them all; the order is the numbering."""
    _no_wrap(cases, forge)
    _unwrap(cases, forge)
    _commitment(cases, forge)
    _body(cases, forge)
    _padding(cases, forge)
    _compression(cases, forge)
    _payload(cases, forge)
    _counts(cases, forge)
    _first_order(cases, forge)


def _no_wrap(cases: Cases, forge: Forge) -> None:
    made = application(forge, "no-reader", replace(UP, readers=()))
    cases.refuse("NO_WRAP", made, "I am the destination and no reader.")
    made = roster(forge, "ordered-blind", UP, replace(DOWN, readers=()))
    cases.refuse("NO_WRAP", made, "I am ordered to act on what I cannot read.")
    hops = (Hop("hub.marriage", "hub", (HUB_KEY,)), Hop("hub", "370000"))
    made = answer(forge, "answer-to-hub-only", *hops)
    cases.refuse("NO_WRAP", made, "An answer sealed to the hub in the requester's place.")


def _unwrap(cases: Cases, forge: Forge) -> None:
    whole = application(forge, "unwrap")
    reader = whole.statement(0).recipients[0]
    for name, change, comment in (
        ("empty", {"epoch": b""}, "An empty sealed epoch secret."),
        ("short", {"epoch": reader.epoch[:64]}, "A sealed epoch secret cut within its point."),
        ("zeros", {"epoch": bytes(113)}, "A sealed epoch secret of zeros."),
        ("off-curve", {"epoch": b"\x04" + b"\x01" * 112}, "A point that is not on the curve."),
        ("infinity", {"epoch": b"\0" + reader.epoch[65:]}, "The point at infinity."),
        ("compressed", {"epoch": _compressed(reader.epoch)}, "A compressed point."),
        ("flipped", {"epoch": _flip(reader.epoch)}, "A flipped bit in the tag."),
        (
            "start",
            {"epoch_start": reader.epoch_start.replace(second=1)},
            "Sealed with the info of another start.",
        ),
    ):
        made = application(forge, f"epoch-{name}", replace(UP, reader_change=change))
        cases.refuse("EPOCH_INVALID", made, comment)
    hop = replace(UP, epoch_secret=bytes(31))
    cases.refuse("EPOCH_INVALID", application(forge, "epoch-31-bytes", hop), "31 bytes sealed.")
    hop = Hop("370000", "hub", (HUB_KEY,), change={"recipients": _of_another_signer(forge)})
    made = application(forge, "epoch-of-another-signer", hop)
    cases.refuse("EPOCH_INVALID", made, "A Recipient taken from another signer's statement.")
    for name, change, comment in (
        ("flipped", {"wrapped": _flip(reader.wrapped)}, "A flipped bit in `wrapped`."),
        ("empty", {"wrapped": b""}, "An empty `wrapped`."),
        ("of-another-message", {"wrapped": reader.wrapped}, "`wrapped` of another message."),
    ):
        made = application(forge, f"wrap-{name}", replace(UP, reader_change=change))
        cases.refuse("WRAP_INVALID", made, comment)
    made = application(forge, "wrap-31-bytes", replace(UP, wrap=bytes(31)))
    cases.refuse("WRAP_INVALID", made, "A content secret of 31 bytes.")


def _commitment(cases: Cases, forge: Forge) -> None:
    made = application(forge, "commitment-other", header={"commitment": fixed("another")})
    cases.refuse("COMMITMENT", made, "A header that commits to another secret.")
    other = fixed("the other secret")
    made = application(forge, "another-secret-wrapped", replace(UP, wrap=other))
    cases.refuse("COMMITMENT", made, "Another secret is wrapped for this reader.")
    for name, reader, me in (("one", HUB_KEY, "hub"), ("two", REQUESTER_KEY, "370000")):
        made = _second_plaintext(forge, f"second-plaintext-reader-{name}", reader, other)
        cases.refuse("COMMITMENT", made, f"Two plaintexts under one header, read by {me}.")


def _second_plaintext(forge: Forge, name: str, reader: str, other: bytes) -> Made:
    """One header, a body under another secret, and that secret wrapped for the reader."""
    sender, to = ("320000", "hub") if reader == HUB_KEY else ("hub", "370000")
    bare = forge.make(name, "Problem", [Hop(sender, to)])
    protected = bare.envelope.protected
    plaintext = padding.pad(payload_bytes("Problem"), 0)
    body = H.aead_seal(labels.body_key(H, other, protected), plaintext, H.hash(protected))
    unsealed = replace(bare, envelope=replace(bare.envelope, seals=()), hops=())
    swapped = alter_ciphertext(unsealed, body)
    return forge.endorse(swapped, Hop(sender, to, (reader,), wrap=other))


def _body(cases: Cases, forge: Forge) -> None:
    made = application(forge, "body-key-other", body_secret=fixed("another"))
    cases.refuse("BODY_TAG", made, "A body under another key, validly signed.")
    for name, ciphertext in (("empty", b""), ("short", bytes(15)), ("tag-only", bytes(16))):
        bare = application(forge, f"body-{name}")
        bare = replace(bare, envelope=replace(bare.envelope, seals=()), hops=())
        made = forge.endorse(alter_ciphertext(bare, ciphertext), UP)
        cases.refuse("BODY_TAG", made, f"A ciphertext that is {name}, validly signed.")


def _padding(cases: Cases, forge: Forge) -> None:
    payload = PAYLOADS["Application"] | {"supersedes": bytes(32), "query_text": "婚姻登记"}
    data = encode(load("message/application.v1"), payload)
    right = padding.pad(data, 0)
    framed = len(data).to_bytes(4) + data
    for name, plaintext, comment in (
        ("byte-set", right[:-1] + b"\1", "A byte in the padding that is not zero."),
        ("longer", right + b"\0", "A byte of padding too many."),
        ("next-size", right + bytes(16), "Padded to the next size."),
        ("none", framed, "No padding at all."),
        ("shorter", right[:-1], "A byte of padding too few."),
        ("length-beyond", (2**32 - 1).to_bytes(4) + right[4:], "A length beyond the end."),
        ("length-less", (len(data) - 33).to_bytes(4) + right[4:], "A length 33 too small."),
        ("three-bytes", bytes(3), "Less than a length."),
        ("nothing", b"", "An empty plaintext."),
    ):
        made = application(forge, f"padding-{name}", plaintext=plaintext)
        cases.refuse("PADDING", made, comment)
    small = padding.pad(payload_bytes("Answer"), 0)
    made = answer(forge, "padding-answer-small", plaintext=small)
    cases.refuse("PADDING", made, "An answer padded to less than 4,096 bytes.")
    large = padding.pad(payload_bytes("Answer"), 8192)
    made = answer(forge, "padding-answer-large", plaintext=large)
    cases.refuse("PADDING", made, "An answer padded to more than it needs.")


def _compression(cases: Cases, forge: Forge) -> None:
    compact = deflate(payload_bytes("Roster"))
    stored = zlib.compress(payload_bytes("Roster"), level=0)
    for name, data, comment in (
        ("bomb", deflate(bytes(MAX_PAYLOAD + 1)), "One byte over 8 MiB when inflated."),
        ("trailing", compact + b"\0", "A byte after the deflate stream."),
        ("two-streams", compact + compact, "Two deflate streams."),
        ("cut", compact[:-1], "A deflate stream cut short."),
        ("empty", b"", "No deflate stream."),
        ("plain", payload_bytes("Roster"), "A payload that is not deflated."),
        ("zlib", stored, "A zlib stream (RFC 1950)."),
        ("bad-block", b"\x07", "A block of the reserved type."),
    ):
        header = {"compression": "deflate"}
        made = roster(forge, f"deflate-{name}", UP, data=data, header=header)
        cases.refuse("COMPRESSION", made, comment)


def _payload(cases: Cases, forge: Forge) -> None:
    other = load("message/consent.v1").digest
    made = application(forge, "schema-of-other-kind", header={"payload_schema": other})
    cases.refuse("PAYLOAD_MALFORMED", made, "The schema of another kind.")
    header = {"payload_schema": load("message/dispatch.v1").digest}
    data = payload_bytes("Dispatch")
    hop = Hop("hub", "370000", (REQUESTER_KEY,))
    made = forge.make("kind-in-disguise", "Problem", [hop], data=data, header=header)
    cases.refuse("PAYLOAD_MALFORMED", made, "A dispatch list, payload and schema, as a problem.")
    header = load("envelope/header.v1").digest
    made = application(forge, "schema-no-message", header={"payload_schema": header})
    cases.refuse("PAYLOAD_MALFORMED", made, "A schema that is no message's.")
    problem = payload_bytes("Problem")
    for name, data, comment in (
        ("trailing", problem + b"\0", "A byte after the payload."),
        ("cut", problem[:-1], "A payload cut short."),
        ("empty", b"", "No payload."),
        ("long-varint", varint(0, extra=1) + problem[1:], "A union's branch in two bytes."),
        ("utf8", problem[:-1] + b"\xff", "A string that is not UTF-8."),
        ("of-other-kind", payload_bytes("Dispatch"), "The payload of another kind."),
    ):
        made = forge.make(f"payload-{name}", "Problem", [hop], data=data)
        cases.refuse("PAYLOAD_MALFORMED", made, comment)


def _counts(cases: Cases, forge: Forge) -> None:
    for kind in ("Application", "Consent", "Roster"):
        header = {"subject_count": 1}
        made = forge.make(f"count-{kind.lower()}", kind, [UP], header=header)
        cases.refuse("COUNT_MISMATCH", made, f"{kind}: fewer persons in clear than inside.")
    made = answer(forge, "count-answer", header={"subject_count": 3})
    cases.refuse("COUNT_MISMATCH", made, "An answer with more persons in clear than inside.")
    for kind in ("Consent", "Roster"):
        for part in (2, None):
            header = {"roster_part": part}
            name = f"part-{kind.lower()}-{part or 'none'}"
            made = forge.make(name, kind, [UP], header=header)
            cases.refuse("PART_MISMATCH", made, f"{kind}: part {part} in clear, 1 inside.")


def _first_order(cases: Cases, forge: Forge) -> None:
    line = FULL_ORDER.lines[0]
    for name, change, comment in (
        ("line", {"line": 3}, "A line that the request does not have."),
        ("resource", {"resource": "housing-fund-loan"}, "Another resource than the request's."),
        ("item", {"items": ("balance", "monthly")}, "An item the request does not ask."),
    ):
        order = ordered(replace(line, **change))
        made = roster(forge, f"first-order-{name}", UP, replace(DOWN, order=order))
        cases.refuse("ORDER_WIDENED", made, f"The hub's order is wider than the request. {comment}")
    wide = ordered(line, replace(line, line=3))
    made = roster(forge, "first-order-wide-then-narrow", UP, replace(DOWN, order=wide), TO_FUND)
    cases.refuse("ORDER_WIDENED", made, "The hub's order is wider; the province's is not.")
    payload: Any = deepcopy(PAYLOADS["Roster"])
    payload["request"]["lines"] = []
    made = roster(forge, "first-order-empty-request", UP, DOWN, payload=payload)
    cases.refuse("ORDER_WIDENED", made, "A request that asks nothing.")


def _of_another_signer(forge: Forge) -> tuple[Any, ...]:
    hop = Hop("320000", "hub", (HUB_KEY,))
    return application(forge, "another-signer", hop).statement(0).recipients


def _compressed(epoch: bytes) -> bytes:
    return bytes([2 + (epoch[64] & 1)]) + epoch[1:33] + epoch[65:]


def _flip(data: bytes) -> bytes:
    return data[:-1] + bytes([data[-1] ^ 1])
