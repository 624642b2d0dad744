"""确定提供方: who is ordered what, by when."""

from __future__ import annotations

from datetime import timedelta

import pytest
from flow_samples import APPLICATION, FUND, ITEMS, NOW, directory, line, order

from bus.flow.routing import plan
from bus.rules.provincial_rules import ProvincialRule
from bus.rules.working_days import Calendar
from signer.envelope.format import OrderLine

CALENDAR = Calendar()


def planned(me, lines, granted=None, **changed):
    return plan(me, APPLICATION, lines, granted, directory(**changed), CALENDAR, NOW)


def children(found):
    return {(hop.child, hop.leaf) for hop in found.hops}


@pytest.mark.requirement("R051")
def test_nationwide_reaches_every_province_that_can_and_the_requesters_own():
    found = planned("hub", [line()])
    assert children(found) == {("320000", False), ("370000", False), ("500000", False)}
    assert found.unserved == ()


@pytest.mark.requirement("R050")
@pytest.mark.requirement("R051")
@pytest.mark.parametrize("provider", ["320000", "500000", "370000"])
def test_a_province_is_asked_alone(provider):
    assert children(planned("hub", [line(provider=provider)])) == {(provider, False)}


@pytest.mark.requirement("R017")
def test_the_centre_alone_has_no_fund():
    found = planned("hub", [line(provider="hub")])
    assert found.hops == ()
    assert found.unserved == ((FUND, "NO_PROVIDER"),)


def test_items_nobody_offers_are_named_as_such():
    found = planned("hub", [line(items=("name", "loan"))], items=("name", "balance"))
    assert found.unserved == ((FUND, "NO_ITEMS"),)


def test_a_node_orders_only_what_was_ordered_from_it_down_its_own_tree():
    due = NOW + timedelta(days=60)
    granted = order(lines=(OrderLine(1, FUND, ("name", "balance"), due),))
    found = planned("320000", [line(), line(2)], granted)
    assert children(found) == {("320000.housing-fund", True), ("321200", False)}
    for hop in found.hops:
        assert hop.order.application == APPLICATION
        assert [(x.line, x.items) for x in hop.order.lines] == [(1, ("name", "balance"))]


@pytest.mark.requirement("R029")
def test_the_due_time_is_the_longest_term_behind_a_child_and_never_beyond_what_was_granted():
    terms = {"320000.housing-fund": 3, "321200.housing-fund": 9}
    (hop,) = planned("hub", [line(provider="320000")], terms=terms).hops
    assert hop.order.lines[0].due == CALENDAR.add_working_days(NOW, 9).end

    granted = order(due=CALENDAR.add_working_days(NOW, 4).end)
    found = planned("320000", [line()], granted, terms=terms)
    due = {hop.child: hop.order.lines[0].due for hop in found.hops}
    assert due["320000.housing-fund"] == CALENDAR.add_working_days(NOW, 3).end
    assert due["321200"] == granted.lines[0].due


def test_one_child_gets_all_its_lines_in_one_order():
    found = planned("hub", [line(1, "320000"), line(2)])
    lines = {hop.child: [x.line for x in hop.order.lines] for hop in found.hops}
    assert lines == {"320000": [1, 2], "370000": [2], "500000": [2]}
    assert set(found.hops[0].order.lines[0].items) <= set(ITEMS)


@pytest.mark.requirement("R029")
@pytest.mark.requirement("R039")
def test_a_provinces_own_rule_shortens_the_term_of_all_below_it_and_of_nobody_else():
    rule = ProvincialRule(1, FUND, "subsistence-allowance", term_working_days=2)
    granted = order(due=NOW + timedelta(days=60))

    def due(business, rules=(rule,), granted=granted):
        found = plan(
            *("320000", APPLICATION, [line()], granted, directory(), CALENDAR, NOW),
            rules,
            business,
        )
        return {line.due for hop in found.hops for line in hop.order.lines}

    assert due("subsistence-allowance") == {CALENDAR.add_working_days(NOW, 2).end}
    assert due("medical-aid") == {CALENDAR.add_working_days(NOW, 5).end}
    assert due("subsistence-allowance", rules=()) == due("medical-aid")
    # Never later than what was ordered, whatever the rule says.
    soon = NOW + timedelta(hours=1)
    assert due("subsistence-allowance", granted=order(due=soon)) == {soon}


@pytest.mark.requirement("R039")
def test_items_that_a_rule_keeps_back_are_not_ordered_and_the_gap_is_told():
    def asked(*excluded):
        rule = ProvincialRule(1, FUND, items_excluded=excluded)
        return plan(
            *("320000", APPLICATION, [line()], order(), directory(), CALENDAR, NOW), (rule,)
        )

    some = asked("balance")
    assert {item for hop in some.hops for item in hop.order.lines[0].items} == (
        set(ITEMS) - {"balance"}
    )
    assert some.unserved == ((FUND, "ITEMS_EXCLUDED"),)
    everything = asked("balance", "status")
    assert everything.hops == ()
    assert everything.unserved == ((FUND, "ITEMS_EXCLUDED"),)
