"""Scenarios refused at checks 1 to 4: bytes, second encodings, fields, suites, kinds, headers."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from uuid import UUID

from envelope_cases import Cases
from envelope_forge import FULL_ORDER, Forge, Hop, alter_seals
from envelope_quirks import (
    blocks,
    envelope_with,
    first_difference,
    seal_bytes,
    string,
    varint,
)
from envelope_routes import (
    DOWN,
    EAST_KEY,
    HUB_KEY,
    REQUESTER_KEY,
    UP,
    application,
    ordered,
    roster,
)

from signer.envelope import cloudevents
from signer.envelope.format import Extension, Recipient, header_bytes
from signer.suites.p256_aes256gcm import NAME as SUITE

OVER_900_KIB = 900 * 1024 + 1
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
UUID4 = UUID("12345678-1234-4234-9234-123456789abc")
NIL_VARIANT = UUID("01234567-89ab-7def-0123-456789abcdef")


def add(cases: Cases, forge: Forge) -> None:
    """Add them all; the order is the numbering."""
    _sizes(cases, forge)
    _truncated(cases, forge)
    _envelope_encodings(cases, forge)
    _header_encodings(cases, forge)
    _statement_encodings(cases, forge)
    _header_fields(cases, forge)
    _kinds(cases, forge)
    _kafka(cases, forge)


def _sizes(cases: Cases, forge: Forge) -> None:
    made = application(forge, "over-900-kib")
    cases.refuse("TOO_LARGE", made, "One byte over 900 KiB.", pad_to=OVER_900_KIB)
    extension = Extension("test.large", critical=False, data=bytes(4096))
    made = application(forge, "large-header", header={"extensions": (extension,)})
    cases.refuse("LIMIT", made, "A header over 4 KiB.")
    line = replace(FULL_ORDER.lines[0], items=("x" * 17_000,))
    made = roster(forge, "large-statement", UP, replace(DOWN, order=ordered(line)))
    cases.refuse("LIMIT", made, "A statement over 16 KiB.")
    made = application(forge, "eleven-seals")
    cases.refuse("LIMIT", alter_seals(made, made.envelope.seals * 11), "Eleven seals.")
    made = application(forge, "no-seals")
    cases.refuse("LIMIT", alter_seals(made, ()), "No seal at all.")
    one = Recipient(SUITE, bytes(32), UP.forwarded or made.header.created, b"", b"")
    made = application(forge, "65-recipients", replace(UP, change={"recipients": (one,) * 65}))
    cases.refuse("LIMIT", made, "65 recipients.")
    made = application(forge, "large-epoch", replace(UP, reader_change={"epoch": bytes(2049)}))
    cases.refuse("LIMIT", made, "A sealed epoch secret over 2 KiB.")


def _truncated(cases: Cases, forge: Forge) -> None:
    made = application(forge, "cut")
    protected = len(made.envelope.protected)
    ciphertext = protected + len(made.envelope.ciphertext)
    for place, size, code in (
        ("nothing", 0, "MAGIC"),
        ("magic", 3, "MAGIC"),
        ("header", 4 + protected // 2, "MALFORMED"),
        ("ciphertext", ciphertext - 100, "MALFORMED"),
        ("statement", ciphertext + 100, "MALFORMED"),
        ("signature", len(made.data) - 20, "MALFORMED"),
        ("last-byte", len(made.data) - 1, "MALFORMED"),
    ):
        named = replace(made, name=f"cut-in-{place}")
        cases.refuse(code, named, f"Cut short: {place}.", data=made.data[:size])
    named = replace(made, name="other-version")
    cases.refuse("MAGIC", named, "Another magic.", data=b"HDX2" + made.data[4:])


def _envelope_encodings(cases: Cases, forge: Forge) -> None:
    made = forge.make("two-seals", "Dispatch", _dispatch(), destination="370000")
    seals = [seal_bytes(made, 0), seal_bytes(made, 1)]
    usual = varint(2) + b"".join(seals) + b"\0"

    def second(name: str, comment: str, data: bytes, code: str = "NOT_CANONICAL") -> None:
        cases.refuse(code, replace(made, name=f"envelope-{name}"), comment, data=data)

    second("long-length", "A length in one byte too many.", envelope_with(made, usual, extra=1))
    second("longest-length", "A length in ten bytes.", envelope_with(made, usual, extra=8))
    second("split-block", "The array in two blocks.", envelope_with(made, blocks(seals)))
    sized = blocks(seals, sized=True)
    second("sized-block", "The array as a block with its size.", envelope_with(made, sized))
    counted = varint(2, extra=1) + usual[1:]
    second("long-count", "The count in one byte too many.", envelope_with(made, counted))
    ended = envelope_with(made, usual[:-1] + b"\x80\0")
    second("long-end", "The array's final zero in two bytes.", ended)
    second("trailing-byte", "One byte after the end.", made.data + b"\0")
    long_union = seals[1][:-1] + b"\x80\0"
    union = envelope_with(made, varint(2) + seals[0] + long_union + b"\0")
    second("long-union", "A union's branch in two bytes.", union)
    branch = envelope_with(made, varint(2) + seals[0] + seals[1][:-1] + varint(7) + b"\0")
    second("no-branch", "A union's branch that does not exist.", branch, "MALFORMED")
    bomb = envelope_with(made, varint(2**62) + b"".join(seals))
    second("count-bomb", "An array that claims 2^62 seals.", bomb, "LIMIT")
    negative = made.data[:4] + varint(-1) + made.data[5:]
    second("negative-length", "A negative length.", negative, "MALFORMED")


def _header_encodings(cases: Cases, forge: Forge) -> None:
    usual = application(forge, "header-plain")
    plain = usual.envelope.protected
    last = first_difference(plain, header_bytes(replace(usual.header, last=False)))
    two = tuple(Extension(f"test.{i}", critical=False, data=b"") for i in (1, 2))
    split = b"".join(b"\x02" + string(x.id.encode()) + b"\0\0" for x in two) + b"\0"
    second = [
        ("boolean-2", "A boolean of 2.", "NOT_CANONICAL", plain[:last] + b"\2" + plain[last + 1 :]),
        ("long-int", "A zero in two bytes.", "NOT_CANONICAL", _long_zero(plain, last - 1)),
        ("trailing-byte", "A byte after the end.", "NOT_CANONICAL", plain + b"\0"),
        ("long-end", "An empty array in two bytes.", "NOT_CANONICAL", plain[:-1] + b"\x80\0"),
        ("split-block", "An array in two blocks.", "NOT_CANONICAL", plain[:-1] + split),
        ("cut", "The header's last byte is missing.", "MALFORMED", plain[:-1]),
    ]
    for name, comment, code, data in second:
        made = application(forge, f"header-{name}", mangle=lambda _, data=data: data)
        cases.refuse(code, made, f"A validly signed header. {comment}")
    for name, bad in (
        ("invalid", b"\xff\xfe"),
        ("overlong", b"\xc0\xaf"),
        ("surrogate", b"\xed\xa0\x80"),
    ):
        marker = b"z" * len(bad)
        made = application(
            forge,
            f"header-utf8-{name}",
            header={"resource": marker.decode()},
            mangle=lambda data, old=marker, new=bad: data.replace(string(old), string(new)),
        )
        cases.refuse("MALFORMED", made, f"A string whose UTF-8 is {name}.")
    created = varint((usual.header.created - EPOCH) // timedelta(milliseconds=1))
    data = plain.replace(created, varint(2**62), 1)
    made = application(forge, "header-time-beyond", mangle=lambda _: data)
    cases.refuse("MALFORMED", made, "A time beyond the calendar.")


def _statement_encodings(cases: Cases, forge: Forge) -> None:
    for name, comment, code, mangle in (
        ("trailing-byte", "A byte after the end.", "NOT_CANONICAL", lambda x: x + b"\0"),
        ("long-union", "A union in two bytes.", "NOT_CANONICAL", lambda x: x[:-1] + b"\x80\0"),
        ("cut", "The last byte is missing.", "MALFORMED", lambda x: x[:-1]),
        ("empty", "No bytes at all.", "MALFORMED", lambda _: b""),
    ):
        made = application(forge, f"statement-{name}", replace(UP, mangle=mangle))
        cases.refuse(code, made, f"A validly signed statement. {comment}")
    widest = replace(DOWN, order=ordered(replace(FULL_ORDER.lines[0], line=2**31 - 1)))

    def beyond(data: bytes) -> bytes:
        return data.replace(varint(2**31 - 1), varint(2**40))

    made = roster(forge, "line-beyond-int", UP, replace(widest, mangle=beyond))
    cases.refuse("MALFORMED", made, "A line number beyond Avro's int.")
    nought = replace(DOWN, order=ordered(replace(FULL_ORDER.lines[0], line=0)))
    made = roster(forge, "line-zero", UP, nought)
    cases.refuse("MALFORMED", made, "A line number of zero.")


def _header_fields(cases: Cases, forge: Forge) -> None:
    for name, change, comment in (
        ("message-id-v4", {"message_id": UUID4}, "A message id that is no UUIDv7."),
        ("message-id-variant", {"message_id": NIL_VARIANT}, "A message id of another variant."),
        ("conversation-v4", {"conversation": UUID4}, "A conversation that is no UUIDv7."),
        ("source-form", {"source": "hub.HUB"}, "A source that is no participant id."),
        ("destination-form", {"destination": "HUB"}, "A destination that is no participant id."),
        ("count-negative", {"subject_count": -1}, "A negative number of persons."),
        ("count-beyond-int", {"subject_count": 2**40}, "A count beyond Avro's int."),
        ("fragment-negative", {"fragment": -1}, "A negative fragment number."),
        ("part-zero", {"roster_part": 0}, "A roster part 0."),
        ("resource-empty", {"resource": ""}, "An empty resource."),
        ("resource-long", {"resource": "x" * 65}, "A resource name over 64 characters."),
        ("compression", {"compression": "gzip"}, "A compression nobody knows."),
    ):
        made = application(forge, f"field-{name}", header=change)
        beyond = name == "count-beyond-int"  # which is no encoding of the schema at all
        cases.refuse("MALFORMED" if beyond else "HEADER_FIELD", made, comment)
    made = application(forge, "suite-of-body", header={"suite": "none/1"})
    cases.refuse("SUITE_UNKNOWN", made, "An unknown suite for the body.")
    made = application(forge, "suite-of-reader", replace(UP, reader_change={"suite": "none/1"}))
    cases.refuse("SUITE_UNKNOWN", made, "An unknown suite for a reader.")
    extension = Extension("test.critical", critical=True, data=b"")
    made = application(forge, "extension-critical", header={"extensions": (extension,)})
    cases.refuse("EXTENSION_CRITICAL", made, "An unknown critical extension.")


def _kinds(cases: Cases, forge: Forge) -> None:
    made = application(forge, "kind-unknown", header={"kind": "Gossip"})
    cases.refuse("KIND_UNKNOWN", made, "A kind that does not exist.")
    for name, kind, hop, destination in (
        ("adapter-applies", "Application", Hop("hub.marriage", "hub", (HUB_KEY,)), "hub"),
        ("hub-answers", "Answer", Hop("hub", "370000", (REQUESTER_KEY,)), "370000"),
        ("node-answers", "Answer", Hop("320000", "hub", (REQUESTER_KEY,)), "370000"),
        ("node-decides", "Decision", Hop("320000", "321200", ()), "321200"),
        ("adapter-receipts", "Receipt", Hop("hub.marriage", "hub", (HUB_KEY,)), "hub"),
    ):
        made = forge.make(name, kind, [hop], destination=destination)
        cases.refuse("KIND_ORIGIN", made, f"{kind} made by a participant that may not.")
    for name, kind, hop, destination in (
        ("application-to-province", "Application", Hop("321200", "320000"), "320000"),
        ("answer-to-hub", "Answer", Hop("hub.marriage", "hub", (HUB_KEY,)), "hub"),
        ("to-itself", "Problem", Hop("320000", "hub", (EAST_KEY,)), "320000"),
    ):
        made = forge.make(name, kind, [hop], destination=destination)
        cases.refuse("KIND_DESTINATION", made, f"{kind} to a destination of the wrong kind.")
    header = {"compression": "deflate"}
    made = application(forge, "application-deflated", header=header)
    cases.refuse("KIND_COMPRESSION", made, "A compressed kind that must not be.")


def _kafka(cases: Cases, forge: Forge) -> None:
    made = application(forge, "kafka-key-other")
    cases.refuse("KEY_MISMATCH", made, "Another Kafka key.", key=bytes(16))
    made = application(forge, "kafka-key-none")
    cases.refuse("KEY_MISMATCH", made, "No Kafka key.", key=None)
    right = dict(cloudevents.headers(made.header))
    for name, value in (
        ("ce_specversion", "0.3"),
        ("ce_id", str(UUID4)),
        ("ce_source", "urn:hedui:node:320000"),
        ("ce_type", "hedui.Roster.v1"),
        ("ce_time", "2026-03-02T01:00:00Z"),
        ("content-type", "application/json"),
    ):
        made = application(forge, f"kafka-{name.replace('_', '-')}")
        headers = tuple((right | {name: value.encode()}).items())
        cases.refuse("CE_HEADER_MISMATCH", made, f"Another {name}.", headers=headers)
    made = application(forge, "kafka-header-twice")
    twice = (*cloudevents.headers(made.header), ("ce_type", b"hedui.Roster.v1"))
    cases.refuse("CE_HEADER_MISMATCH", made, "A header twice, once wrong.", headers=twice)


def _dispatch() -> tuple[Hop, Hop]:
    return Hop("320000", "hub", (REQUESTER_KEY, HUB_KEY)), Hop("hub", "370000")


def _long_zero(data: bytes, at: int) -> bytes:
    return data[:at] + b"\x80\0" + data[at + 1 :]
