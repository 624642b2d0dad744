"""Scenarios of somebody who may sign and means harm: bombs, look-alikes, two truths, loans."""

from __future__ import annotations

from dataclasses import replace

from envelope_cases import Cases
from envelope_forge import FULL_ORDER, Forge, Hop, Made, fixed
from envelope_payloads import MOMENT, PAYLOADS
from envelope_quirks import deflate, varint
from envelope_routes import (
    EAST_KEY,
    HUB_KEY,
    REQUESTER_KEY,
    UP,
    answer,
    application,
    in_batch,
    payload_bytes,
)

from schemas.loader import MAX_ITEMS, encode, load
from signer.envelope.format import MAX_ITEMS as MAX_ENVELOPE_ITEMS
from signer.envelope.format import Extension, Recipient

DEFLATED = {"compression": "deflate", "subject_count": 1}


def add(cases: Cases, forge: Forge) -> None:
    """Add them all; the order is the numbering."""
    _items(cases, forge)
    _ints(cases, forge)
    _ids(cases, forge)
    _extensions(cases, forge)
    _two_truths(cases, forge)
    _borrowed(cases, forge)


def outcomes(count: int, records: int = 0) -> bytes:
    """Return an Answer of `count` rows in their fewest bytes, the last with empty records."""
    empty = PAYLOADS["Answer"] | {"outcomes": []}
    head = encode(load("message/answer.v1"), empty)[:-1]
    rows = bytes(5 * count)
    if records:
        rows = rows[:-1] + varint(records) + bytes(records) + b"\0"
    return head + varint(count) + rows + b"\0"


def _items(cases: Cases, forge: Forge) -> None:
    for name, data, comment in (
        ("rows", outcomes(MAX_ITEMS + 1), "One row more than a payload may have items."),
        ("nested", outcomes(1, MAX_ITEMS), "One row, whose records are the items too many."),
        ("announced", outcomes(0)[:-2] + varint(2**62), "More rows announced than bytes are left."),
    ):
        made = answer(forge, f"items-{name}", data=deflate(data), header=DEFLATED)
        cases.refuse("PAYLOAD_LIMIT", made, comment)
    most = outcomes(MAX_ITEMS - 1, 1)
    made = answer(forge, "items-most", data=deflate(most), header=DEFLATED)
    cases.accept(made, "As many items as a payload may have, over all its arrays.", payload=most)
    path = (bytes(32),) * MAX_ENVELOPE_ITEMS
    made = in_batch(forge, application(forge, "items-path"), 7, 3, path=path)
    cases.refuse("LIMIT", made, "A path of more items than ten seals and their paths have.")


def _ints(cases: Cases, forge: Forge) -> None:
    beyond = PAYLOADS["Receipt"] | {"found": 2**31}
    made = forge.make("int-beyond", "Receipt", [Hop("370000", "hub", (HUB_KEY,))], payload=beyond)
    cases.refuse("PAYLOAD_MALFORMED", made, "A number in the payload beyond Avro's int.")
    below = PAYLOADS["Receipt"] | {"found": -(2**31) - 1}
    made = forge.make("int-below", "Receipt", [Hop("370000", "hub", (HUB_KEY,))], payload=below)
    cases.refuse("PAYLOAD_MALFORMED", made, "A number in the payload below Avro's int.")
    right = payload_bytes("Receipt")
    longest = right.replace(_instant(), b"\x80" * 9 + b"\x02")
    hop = Hop("370000", "hub", (HUB_KEY,))
    made = forge.make("long-beyond", "Receipt", [hop], data=longest)
    cases.refuse("PAYLOAD_MALFORMED", made, "A varint of more than 64 bits.")


def _ids(cases: Cases, forge: Forge) -> None:
    for name, source, comment in (
        ("full-width", "３７００００", "Digits that are no ASCII digits."),
        ("newline", "370000\n", "A line feed after the id."),
        ("nul", "370000\0", "A NUL after the id."),
    ):
        made = application(forge, f"source-{name}", header={"source": source})
        cases.refuse("HEADER_FIELD", made, f"The source: {comment}")
    made = application(forge, "sender-look-alike", replace(UP, change={"sender": "37000０"}))
    cases.refuse("CHAIN_BROKEN", made, "A sender that looks like the source.", peer="370000")
    made = application(forge, "to-look-alike", replace(UP, change={"to": "hսb"}))
    cases.refuse("WRONG_HOP", made, "A next hop that looks like me.", me="hub")


def _extensions(cases: Cases, forge: Forge) -> None:
    note = Extension("test.note", critical=False, data=b"\x01")
    for name, extensions, comment in (
        ("twice", (note, replace(note, data=b"\x02")), "An extension that stands twice."),
        ("unnamed", (replace(note, id=""),), "An extension without a name."),
        ("long-name", (replace(note, id="x" * 65),), "An extension's name over 64 characters."),
    ):
        made = application(forge, f"extension-{name}", header={"extensions": extensions})
        cases.refuse("HEADER_FIELD", made, comment)


def _two_truths(cases: Cases, forge: Forge) -> None:
    # The same bytes: the hub reads what is committed to, the requester was handed another secret.
    at_hub = _two_secrets(forge, "two-secrets")
    sent = payload_bytes("Dispatch")
    cases.accept(at_hub, "Two readers, two secrets: this one holds the right one.", payload=sent)
    onwards = forge.endorse(at_hub, Hop("hub", "370000"))
    cases.refuse("COMMITMENT", onwards, "The same message at the reader with the other secret.")


def _two_secrets(forge: Forge, name: str) -> Made:
    bare = forge.make(name, "Dispatch", [Hop("320000", "hub")], destination="370000")
    bare = replace(bare, envelope=replace(bare.envelope, seals=()), hops=())
    (one,) = forge.draft(bare, Hop("320000", "hub", (HUB_KEY,))).recipients
    other = Hop("320000", "hub", (REQUESTER_KEY,), wrap=fixed("the other secret"))
    (two,) = forge.draft(bare, other).recipients
    return forge.endorse(bare, Hop("320000", "hub", change={"recipients": (one, two)}))


def _borrowed(cases: Cases, forge: Forge) -> None:
    # A sealed epoch secret names its reader: under another key it does not open.
    theirs = _reader(forge, EAST_KEY)
    mine = replace(theirs, key=forge.world.id(HUB_KEY))
    made = application(
        forge, "epoch-of-another-reader", replace(UP, change={"recipients": (mine,)})
    )
    cases.refuse("EPOCH_INVALID", made, "Another reader's epoch secret under my key.")
    # A relay's order does not make a message its own: the digest an answer must name differs.
    hop = Hop("320000", "hub", (HUB_KEY,), FULL_ORDER)
    made = forge.make("order-by-origin", "Dispatch", [hop], destination="370000")
    cases.refuse("ORDER_NOT_ALLOWED", made, "An order on a kind that carries none.")
    # A reader nobody ordered, among those the origin named.
    hops = (
        Hop("320000.housing-fund", "320000", (REQUESTER_KEY,)),
        Hop("320000", "hub", (HUB_KEY,)),
    )
    made = answer(forge, "relay-adds-its-parent", *hops)
    cases.refuse("RECIPIENT_NOT_ORDERED", made, "A province that lets the hub read an answer.")
    hops = (Hop("370000", "hub", (HUB_KEY,)), Hop("hub", "320000", (EAST_KEY,)))
    made = forge.make("receipt-reader", "Receipt", hops, destination="320000.housing-fund")
    cases.refuse("RECIPIENT_NOT_ORDERED", made, "A hub that lets a province read a receipt.")


def _reader(forge: Forge, key: str) -> Recipient:
    (found,) = application(forge, "borrowed", replace(UP, readers=(key,))).statement(0).recipients
    return found


def _instant() -> bytes:
    milliseconds = int(MOMENT.timestamp() * 1000)
    return varint(milliseconds)
