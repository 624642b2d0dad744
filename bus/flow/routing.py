"""确定提供方: who must answer which lines, by when (R017-R018, R028-R029, R050-R051).

One function serves the hub and every node: it looks at the agencies a line asks for, and at which
of our children leads to them.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime

from bus.catalog.routing import children_for
from bus.catalog.routing import unserved as no_answer
from bus.flow.deadlines import bounded, count
from bus.model.deadline import Term
from bus.model.request import RequestLine
from bus.rules.provincial_rules import ProvincialRule, remaining, tightened
from bus.rules.working_days import Calendar
from signer.directory.view import Directory
from signer.envelope.format import Order, OrderLine

ITEMS_EXCLUDED = "ITEMS_EXCLUDED"
"""A province's own rules keep items back (R039): what else was asked is answered."""


@dataclass(frozen=True, slots=True)
class Hop:
    """A child that gets a part under an order. A leaf answers; a node dispatches further.

    `terms` says for each resource of the order how its date was counted.
    """

    child: str
    leaf: bool
    order: Order
    terms: Mapping[str, Term] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Plan:
    """The hops of one part, and each resource nobody below us could be asked for, with a code."""

    hops: tuple[Hop, ...]
    unserved: tuple[tuple[str, str], ...]


def plan(
    me: str,
    application: bytes,
    lines: Sequence[RequestLine],
    granted: Order | None,
    directory: Directory,
    calendar: Calendar,
    now: datetime,
    rules: Sequence[ProvincialRule] = (),
    business: str = "",
) -> Plan:
    """Return who gets which lines.

    Args:
        me: The centre that dispatches.
        application: Message digest of the application.
        lines: The request's lines.
        granted: The order we act under; None at the hub, which acts on its own decision.
        directory: Who is where and offers what.
        calendar: For the feedback terms, in working days (R029).
        now: The present instant.
        rules: Our own, where we are a province that has some (R039).
        business: What the query is for.

    Returns:
        One hop for each child. Items are those asked, granted, offered and not excluded; due is the
        longest term of the agencies behind the child, or a shorter one of our own, never later than
        what was granted to us.
    """
    limits = None if granted is None else {line.line: line for line in granted.lines}
    by_child: dict[str, list[OrderLine]] = {}
    terms: dict[str, dict[str, Term]] = {}
    leaves: set[str] = set()
    unserved: dict[str, str] = {}
    for line in lines:
        limit = None if limits is None else limits.get(line.line)
        if limits is not None and limit is None:
            continue
        asked = line if limit is None else replace(line, items=limit.items)
        for child in children_for(directory, me, asked):
            items = remaining(rules, line.resource, business, child.items)  # R039
            if len(items) < len(child.items):
                unserved[line.resource] = ITEMS_EXCLUDED
            if not items:
                continue
            days = tightened(rules, line.resource, business, child.term_working_days)  # R039
            term = count(calendar, now, days)  # R029
            term = bounded(term, None if limit is None else limit.due)
            ordered = OrderLine(line.line, line.resource, items, term.due)
            by_child.setdefault(child.id, []).append(ordered)
            counted = terms.setdefault(child.id, {})
            # Two lines may ask for one resource: it is owed by the later date.
            longest = max(counted.get(line.resource, term), term, key=lambda one: one.due)
            counted[line.resource] = longest
            if child.leaf:
                leaves.add(child.id)
        code = no_answer(directory, me, asked)
        if code is not None:
            unserved[line.resource] = code
    hops = tuple(
        Hop(child, child in leaves, Order(application, tuple(order)), terms[child])
        for child, order in sorted(by_child.items())
    )
    return Plan(hops, tuple(sorted(unserved.items())))
