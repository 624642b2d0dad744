"""The usual ways of messages through the small tree, and small helpers the scenarios share."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any

from envelope_forge import FULL_ORDER, Forge, Hop, Made, alter_signature, fixed, sign_with
from envelope_payloads import PAYLOADS

from schemas.loader import encode, load
from signer.envelope import labels, merkle
from signer.envelope.format import Order
from signer.suites import SUITES
from signer.suites.keys import suite_of

HUB_KEY = "hub/encryption"
EAST_KEY = "320000/encryption"
REQUESTER_KEY = "370000/encryption"
FUND_KEY = "320000.housing-fund/encryption"

NARROW_ORDER = Order(
    FULL_ORDER.application,
    (replace(FULL_ORDER.lines[0], items=("balance",), due=FULL_ORDER.lines[0].due - timedelta(1)),),
)

UP = Hop("370000", "hub", (HUB_KEY,))
DOWN = Hop("hub", "320000", (EAST_KEY,), FULL_ORDER)
TO_FUND = Hop("320000", "320000.housing-fund", (FUND_KEY,), NARROW_ORDER)
ROSTER = (UP, DOWN, TO_FUND)
FUND_UP = Hop("320000.housing-fund", "320000", (REQUESTER_KEY,))
ANSWER = (FUND_UP, Hop("320000", "hub"), Hop("hub", "370000"))
COUNTY = (Hop("321200", "320000", (EAST_KEY,)), Hop("320000", "hub", (HUB_KEY,)))


def application(forge: Forge, name: str, hop: Hop = UP, **over: Any) -> Made:
    """Make an application from 370000 to the hub."""
    return forge.make(name, "Application", [hop], **over)


def roster(forge: Forge, name: str, *hops: Hop, **over: Any) -> Made:
    """Make a roster; without hops, all the way to the housing fund."""
    return forge.make(name, "Roster", hops or ROSTER, destination="hub", **over)


def answer(forge: Forge, name: str, *hops: Hop, **over: Any) -> Made:
    """Make an answer of the housing fund; without hops, all the way to 370000."""
    over = {"destination": "370000"} | over
    return forge.make(name, "Answer", hops or ANSWER, **over)


def payload_bytes(kind: str) -> bytes:
    """Return the encoded payload that messages of a kind carry where nothing else is said."""
    return encode(load(f"message/{kind.lower()}.v1"), PAYLOADS[kind])


def ordered(*lines: Any, application_digest: bytes = FULL_ORDER.application) -> Order:
    """Return an order of these lines."""
    return Order(application_digest, tuple(lines))


def in_batch(forge: Forge, made: Made, size: int, index: int, **proof: Any) -> Made:
    """Sign the last statement again as one leaf of a batch; `proof` overrides its fields."""
    number = len(made.hops) - 1
    statement = made.statement(number)
    private = forge.world.private[made.hops[number].signer or f"{statement.sender}/signing"]
    h = SUITES[suite_of(private)]
    leaves = [fixed(f"leaf {i}") for i in range(size)]
    leaves[index] = labels.leaf(h, made.envelope.seals[number].statement)
    root, proofs = merkle.tree(h, leaves)
    value = sign_with(private, labels.head(h.name, statement.signer, size, root))
    return alter_signature(made, number, value=value, proof=replace(proofs[index], **proof))
