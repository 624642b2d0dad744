"""Whether the counts in clear agree with the payload (check 16).

The receiver of a sealed message believes the header only as far as the payload bears it out.
"""

from __future__ import annotations

from typing import Any

from signer.envelope.format import Header, Order
from signer.envelope.kinds import Kind
from signer.envelope.orders import within_request


def disagreement(header: Header, payload: Any, first_order: Order | None) -> str | None:
    """Return the code of the first disagreement, or None.

    Args:
        header: The signed header.
        payload: The decoded payload (Avro data of the kind's schema).
        first_order: The first order on the chain, or None.
    """
    count, part = _stated(header.kind, payload)
    if count is not None and count != header.subject_count:
        return "COUNT_MISMATCH"
    if part is not None and part != header.roster_part:
        return "PART_MISMATCH"
    if first_order is not None and not within_request(first_order, payload["request"]["lines"]):
        return "ORDER_WIDENED"
    return None


def _stated(kind: str, payload: Any) -> tuple[int | None, int | None]:
    """Return (persons, part) as the payload states them; None where the kind states none."""
    match kind:
        case Kind.APPLICATION:
            return payload["person_count"], None
        case Kind.ROSTER:
            return len(payload["persons"]), payload["part"]
        case Kind.CONSENT:
            return len(payload["consents"]), payload["part"]
        case Kind.ANSWER:
            return len({x["reference"] for x in payload["outcomes"]}), None
        case _:
            return None, None
