"""Orders only narrow: province ⊆ hub ⊆ what the requester signed (spec §9)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from signer.envelope.format import Order


def narrows(earlier: Order, later: Order) -> bool:
    """Whether `later` asks nothing that `earlier` did not, nor longer than it."""
    allowed = {line.line: line for line in earlier.lines}
    if later.application != earlier.application or not _well_formed(later):
        return False
    return all(
        (granted := allowed.get(line.line)) is not None
        and line.resource == granted.resource
        and set(line.items) <= set(granted.items)
        and line.due <= granted.due
        for line in later.lines
    )


def within_request(order: Order, request_lines: Sequence[Mapping[str, Any]]) -> bool:
    """Whether an order asks only what the request's lines ask (Avro data of RequestLine)."""
    asked = {line["line"]: line for line in request_lines}
    return _well_formed(order) and all(
        (granted := asked.get(line.line)) is not None
        and line.resource == granted["resource"]
        and set(line.items) <= set(granted["items"])
        for line in order.lines
    )


def _well_formed(order: Order) -> bool:
    numbers = [line.line for line in order.lines]
    if not numbers or len(set(numbers)) != len(numbers):
        return False
    return all(line.items and len(set(line.items)) == len(line.items) for line in order.lines)
