"""转交数据: rows come from orders; a node's row is replaced by what it made of it."""

from __future__ import annotations

from datetime import timedelta

import pytest
from flow_samples import APPLICATION, FUND, NOW, case, directory, dispatch, message, owed, row

from bus.errors import PendingError, RefusedError
from bus.flow.dispatch import (
    accept_dispatch,
    accounts_for,
    dispatch_messages,
    dispatch_of,
    start_rows,
)
from bus.flow.routing import Hop, Plan
from bus.model.case import CaseRole, QueryState, RowState
from bus.model.messages import Unserved
from signer.envelope.format import Order, OrderLine

NODE = row("500000", mark=1)
ORDER = NODE.order


def accept(at, source, order, made):
    return accept_dispatch(at, source, order, made, directory(), NOW)


@pytest.mark.requirement("R018")
def test_the_hubs_dispatch_starts_a_query_and_a_nodes_replaces_its_row():
    started = accept(case(), "hub", None, dispatch(owed("500000", leaf=False, mark=1)))
    assert started.state is QueryState.STARTED
    assert [r.state for r in started.rows] == [RowState.OPEN]
    further = accept(started, "500000", ORDER, dispatch(owed()))
    assert [(r.holder, r.state) for r in further.rows] == [
        ("500000", RowState.DISPATCHED),
        ("500000.housing-fund", RowState.OPEN),
    ]
    with pytest.raises(RefusedError, match="DISPATCH_TWICE"):
        accept(further, "500000", ORDER, dispatch(owed(mark=9)))
    with pytest.raises(RefusedError, match="DISPATCH_TWICE"):
        accept(further, "hub", None, dispatch(owed("500000", leaf=False)))


def test_a_dispatch_before_the_one_above_it_waits():
    with pytest.raises(PendingError, match="ROW_NOT_YET_KNOWN"):
        accept(case(rows=(NODE,)), "500000", b"\x08" * 32, dispatch(owed()))
    with pytest.raises(PendingError, match="ROW_NOT_YET_KNOWN"):
        accept(case(rows=(NODE,)), "320000", ORDER, dispatch(owed("320000.housing-fund")))


def test_a_leafs_row_cannot_be_dispatched():
    leaf = row("500000", leaf=True, mark=1)
    with pytest.raises(PendingError):
        accept(case(rows=(leaf,)), "500000", ORDER, dispatch(owed()))


@pytest.mark.parametrize(
    ("code", "source", "order", "rows"),
    [
        ("DISPATCH_SOURCE", "500000", None, [owed()]),
        ("DISPATCH_FOREIGN_CHILD", "500000", ORDER, [owed("320000.housing-fund")]),
        ("DISPATCH_FOREIGN_CHILD", "500000", ORDER, [owed(leaf=False)]),
        ("DISPATCH_FOREIGN_CHILD", "hub", None, [owed("321200", leaf=False)]),
        ("DISPATCH_ROW_TWICE", "500000", ORDER, [owed(), owed(mark=5)]),
        ("DISPATCH_INCOMPLETE", "500000", ORDER, []),
        ("DISPATCH_INCOMPLETE", "500000", ORDER, [owed(part=2)]),
        ("DISPATCH_INCOMPLETE", "500000", ORDER, [owed(), owed(resource="other")]),
        (
            "DISPATCH_LATER_THAN_ORDERED",
            "500000",
            ORDER,
            [owed(due=NODE.due + timedelta(milliseconds=1))],
        ),
    ],
)
def test_a_dispatch_that_does_not_fit_changes_nothing(code, source, order, rows):
    at = case(rows=() if source == "hub" else (NODE,))
    with pytest.raises(RefusedError, match=code):
        accept(at, source, order, dispatch(*rows))


def test_a_child_that_has_left_the_directory_since_may_still_be_named():
    taken = accept(case(rows=(NODE,)), "500000", ORDER, dispatch(owed("500000.gone")))
    assert taken.rows[-1].holder == "500000.gone"


@pytest.mark.requirement("R073")
def test_what_nobody_can_serve_is_closed_with_a_code():
    gap = Unserved(1, FUND, "NO_PROVIDER")
    taken = accept(case(rows=(NODE,)), "500000", ORDER, dispatch(unserved=[gap]))
    assert taken.state is QueryState.ANSWERED
    assert [(r.state, r.code) for r in taken.rows] == [
        (RowState.DISPATCHED, None),
        (RowState.UNSERVED, "NO_PROVIDER"),
    ]


def test_a_dispatch_lists_a_row_for_each_resource_and_child():
    due, later = NOW + timedelta(days=1), NOW + timedelta(days=2)
    lines = (
        OrderLine(1, "a", ("x",), due),
        OrderLine(2, "b", ("x",), due),
        OrderLine(3, "a", ("x",), later),
    )
    planned = Plan((Hop("500000", leaf=False, order=Order(APPLICATION, lines)),), (("c", "NO"),))
    made = dispatch_of([(4, planned, [b"c" * 32])])
    assert [(r.part, r.resource, r.child, r.leaf, r.due, r.order) for r in made.rows] == [
        (4, "a", "500000", False, later, b"c" * 32),
        (4, "b", "500000", False, due, b"c" * 32),
    ]
    assert made.unserved == (Unserved(4, "c", "NO"),)
    started = start_rows(case(CaseRole.PROVIDER, QueryState.STARTED), made, NOW)
    assert len(started.rows) == 3


def ends(me, requester):
    made = dispatch_messages(dispatch(), me, requester, directory(), b"m" * 32, ORDER)
    return [(send.destination, set(send.readers)) for send in made]


@pytest.mark.requirement("R018")
def test_a_dispatch_goes_to_the_requester_and_to_the_hub_where_the_way_does_not_pass_it():
    assert ends("321200", "370000") == [("370000", {"370000", "320000", "hub"})]
    assert ends("370000", "370000") == [("hub", {"hub"})]
    assert ends("321200", "320000") == [("hub", {"320000", "hub"}), ("320000", {"320000", "hub"})]
    assert ends("320000", "321200") == [("hub", {"hub"}), ("321200", {"321200", "hub"})]
    assert ends("hub", "321200") == [("321200", {"321200"})]


@pytest.mark.parametrize(
    ("source", "destination", "requester", "expected"),
    [
        ("321200", "370000", "370000", True),
        ("321200", "hub", "320000", True),
        ("321200", "320000", "320000", False),
        ("320000", "hub", "321200", True),
        ("320000", "321200", "321200", False),
    ],
)
def test_of_two_dispatches_a_centre_accounts_for_the_hubs(source, destination, requester, expected):
    at = case(CaseRole.PROVIDER, QueryState.STARTED, requester=requester)
    came = message(kind="Dispatch", source=source, destination=destination)
    assert accounts_for(came, at, directory()) is expected
