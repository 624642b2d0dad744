"""Orders only narrow: the relation is reflexive, transitive, and no wider order passes."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest
from envelope_forge import APPLICATION, DUE
from hypothesis import given
from hypothesis import strategies as st

from signer.envelope.format import Order, OrderLine
from signer.envelope.orders import narrows, within_request

ITEMS = st.lists(st.sampled_from("abcd"), min_size=1, max_size=4, unique=True).map(tuple)
LINE = st.builds(
    OrderLine,
    line=st.integers(1, 4),
    resource=st.sampled_from(["r", "s"]),
    items=ITEMS,
    due=st.integers(0, 3).map(lambda days: DUE + timedelta(days)),
)
LINES = st.lists(LINE, min_size=1, max_size=4, unique_by=lambda line: line.line).map(tuple)
ORDER = st.builds(Order, st.sampled_from([APPLICATION, bytes(32)]), LINES)
LOOSE_LINES = st.lists(LINE, max_size=4).map(tuple)


def asked(order):
    return [{"line": x.line, "resource": x.resource, "items": x.items} for x in order.lines]


def narrower(order, draw):
    """Draw an order that asks no more than the given one."""
    kept = draw.draw(st.lists(st.sampled_from(order.lines), min_size=1, unique=True))
    lines = [
        replace(
            line,
            items=tuple(draw.draw(st.lists(st.sampled_from(line.items), min_size=1, unique=True))),
            due=line.due - timedelta(draw.draw(st.integers(0, 2))),
        )
        for line in kept
    ]
    return replace(order, lines=tuple(lines))


@given(ORDER)
def test_every_well_formed_order_narrows_itself(order):
    assert narrows(order, order)
    assert within_request(order, asked(order))


@given(ORDER, st.data())
def test_narrowing_step_by_step_is_narrowing_at_once(order, data):
    second = narrower(order, data)
    third = narrower(second, data)
    assert narrows(order, second)
    assert narrows(second, third)
    assert narrows(order, third)
    assert within_request(third, asked(order))


@given(ORDER, st.builds(Order, st.sampled_from([APPLICATION, bytes(32)]), LOOSE_LINES))
def test_it_passes_exactly_what_asks_no_more(earlier, later):
    rights = {(x.line, x.resource, item): x.due for x in earlier.lines for item in x.items}
    wanted = [(x.line, x.resource, item, x.due) for x in later.lines for item in x.items]
    no_more = all(
        (line, resource, item) in rights and due <= rights[line, resource, item]
        for line, resource, item, due in wanted
    )
    one_of_each = len({x.line for x in later.lines}) == len(later.lines) > 0
    expected = no_more and one_of_each and later.application == earlier.application
    assert narrows(earlier, later) == expected


@pytest.mark.parametrize(
    "change",
    [
        {"line": 9},
        {"resource": "other"},
        {"items": ("a", "z")},
        {"items": ()},
        {"items": ("a", "a")},
        {"due": DUE + timedelta(milliseconds=1)},
    ],
    ids=lambda change: str(*change),
)
def test_each_way_to_widen_is_refused(change):
    line = OrderLine(1, "r", ("a", "b"), DUE)
    order = Order(APPLICATION, (line,))
    assert not narrows(order, Order(APPLICATION, (replace(line, **change),)))


def test_a_request_line_asked_twice_or_not_at_all_is_refused():
    line = OrderLine(1, "r", ("a",), DUE)
    request = asked(Order(APPLICATION, (line,)))
    assert not within_request(Order(APPLICATION, (line, line)), request)
    assert not within_request(Order(APPLICATION, ()), request)
    assert not within_request(Order(APPLICATION, (line,)), [])
