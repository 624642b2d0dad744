"""Rows of the suspended and of those who left are closed with a code; what comes later is noted."""

from __future__ import annotations

from dataclasses import replace
from types import SimpleNamespace

import pytest
from flow_samples import FUND, NOW, case, directory, line, request

from bus.catalog.catalogue import Catalogue
from bus.catalog.routing import children_for, unserved
from bus.errors import PendingError, RefusedError
from bus.flow.answer import accept_answer
from bus.flow.cut_off import check_source, close_cut_off, cut_off
from bus.flow.delivery import deliver
from bus.flow.dispatch import accept_dispatch
from bus.flow.routing import plan
from bus.model.case import CaseRole, QueryState, Row, RowState
from bus.model.messages import Dispatch, DispatchRow, Gap
from bus.rules.working_days import Calendar
from schemas.resources import resources
from signer.directory.view import Standing
from signer.envelope.kinds import Kind

LEAF = "500000.housing-fund"
DUE = NOW


def standing(changed):
    """The sample country with other standings, by id; None takes one off the list."""
    made = directory()
    listed = dict(made.participants)
    for name, found in changed.items():
        if found is None:
            listed.pop(name)
        else:
            listed[name] = replace(listed[name], standing=found)
    return replace(made, participants=listed)


def row(holder=LEAF, **changed):
    made = Row(1, FUND, holder, leaf="." in holder, due=DUE, order=b"o" * 32)
    return replace(made, **changed)


def started(*rows, role=CaseRole.REVIEWER):
    return case(role, QueryState.STARTED, rows=rows, request=request())


def header(holder=LEAF, **changed):
    made = {
        "source": holder,
        "destination": "370000",
        "kind": Kind.ANSWER,
        "fragment": 0,
        "last": True,
        "order": b"o" * 32,
        "roster_part": 1,
        "resource": FUND,
    }
    return SimpleNamespace(**(made | changed))


CUT = [
    ({"500000.housing-fund": Standing.SUSPENDED}, "PROVIDER_SUSPENDED"),
    ({"500000.housing-fund": Standing.CERTIFIED}, "PROVIDER_SUSPENDED"),
    ({"500000": Standing.SUSPENDED}, "PROVIDER_SUSPENDED"),
    ({"500000.housing-fund": Standing.WITHDRAWN}, "PROVIDER_WITHDRAWN"),
    ({"500000": Standing.WITHDRAWN}, "PROVIDER_WITHDRAWN"),
    ({"500000.housing-fund": None}, "PROVIDER_WITHDRAWN"),
]


@pytest.mark.requirement("R007")
@pytest.mark.parametrize(("changed", "code"), CUT)
@pytest.mark.parametrize(
    ("me", "role"), [("hub", CaseRole.REVIEWER), ("370000", CaseRole.REQUESTER)]
)
def test_a_row_is_closed_with_a_code_when_its_holder_or_one_above_it_is_cut_off(
    changed, code, me, role
):
    other = row("hub.marriage")
    before = started(row(), other, role=role)
    after = close_cut_off(before, standing(changed), me, NOW)
    closed, kept = after.rows
    assert (closed.state, closed.code, closed.closed) == (RowState.UNSERVED, code, NOW)
    assert (kept, after.state) == (other, QueryState.STARTED)
    ended = close_cut_off(replace(before, rows=(row(),)), standing(changed), me, NOW)
    assert ended.state is QueryState.ANSWERED


def test_nothing_is_closed_while_everybody_is_connected():
    before = started(row(), row("320000"))
    assert close_cut_off(before, directory(), "hub", NOW) is before


def test_what_is_closed_already_stays_as_it_is():
    answered = row(state=RowState.ANSWERED, closed=NOW)
    before = started(answered)
    assert close_cut_off(before, standing({"500000": Standing.WITHDRAWN}), "hub", NOW) is before


def test_the_queries_of_a_suspended_requester_wait():
    before = started(row(), row("370000.housing-fund"))
    waiting = standing({"370000": Standing.SUSPENDED, "500000": Standing.SUSPENDED})
    assert close_cut_off(before, waiting, "hub", NOW) is before
    own = started(row(), role=CaseRole.REQUESTER)
    assert close_cut_off(own, waiting, "370000", NOW) is own
    below = started(row("320000.housing-fund"), role=CaseRole.PROVIDER)
    assert close_cut_off(below, waiting, "320000", NOW) is below


def test_the_queries_of_a_requester_that_left_are_owed_nothing():
    after = close_cut_off(started(row()), standing({"370000": Standing.WITHDRAWN}), "hub", NOW)
    assert [(r.state, r.code) for r in after.rows] == [(RowState.UNSERVED, "REQUESTER_WITHDRAWN")]


def test_what_stands_above_me_is_not_on_the_way_to_me():
    hub_left = standing({"hub": Standing.SUSPENDED})
    assert cut_off(hub_left, "320000.housing-fund", "320000") is None
    assert cut_off(hub_left, "500000.housing-fund", "320000") is None
    assert cut_off(directory(), "nobody", "320000") == "PROVIDER_WITHDRAWN"


def closed_case(role=CaseRole.REVIEWER, **changed):
    made = close_cut_off(
        started(row(), row("hub.marriage"), role=role),
        standing({"500000": Standing.SUSPENDED}),
        "hub",
        NOW,
    )
    return replace(made, **changed)


@pytest.mark.parametrize("role", [CaseRole.REVIEWER, CaseRole.PROVIDER])
def test_a_late_answer_to_a_closed_row_is_refused_and_changes_nothing(role):
    with pytest.raises(RefusedError, match="ROW_CLOSED"):
        accept_answer(closed_case(role), header(), b"d" * 32, NOW)


def test_the_requester_takes_what_the_hub_had_taken_before_until_it_has_delivered():
    own = closed_case(CaseRole.REQUESTER)
    taken = accept_answer(own, header(), b"d" * 32, NOW)
    assert taken.rows[0].state is RowState.ANSWERED
    assert taken.rows[0].code is None
    done = replace(own, state=QueryState.DELIVERED)
    with pytest.raises(RefusedError, match="ROW_CLOSED"):
        accept_answer(done, header(), b"d" * 32, NOW)


def test_a_late_dispatch_of_a_closed_row_is_refused():
    before = started(row("500000"), row("hub.marriage"))
    closed = close_cut_off(before, standing({"500000": Standing.SUSPENDED}), "hub", NOW)
    below = DispatchRow(1, FUND, LEAF, True, DUE, b"p" * 32)
    with pytest.raises(RefusedError, match="ROW_CLOSED"):
        accept_dispatch(closed, "500000", b"o" * 32, Dispatch((below,), ()), directory(), NOW)


def test_an_answer_below_a_dispatch_that_came_too_late_waits_for_nothing():
    before = started(row("500000"))
    closed = close_cut_off(before, standing({"500000": Standing.SUSPENDED}), "hub", NOW)
    with pytest.raises(RefusedError, match="ROW_CLOSED"):
        accept_answer(closed, header(order=b"p" * 32), b"d" * 32, NOW)
    with pytest.raises(PendingError, match="ROW_NOT_YET_KNOWN"):
        accept_answer(before, header(order=b"p" * 32), b"d" * 32, NOW)


def test_the_hubs_receipt_names_the_gaps():
    own = closed_case(CaseRole.REQUESTER)
    answered = replace(own.rows[1], state=RowState.ANSWERED, closed=NOW)
    whole = replace(own, rows=(own.rows[0], answered), state=QueryState.ANSWERED)
    answered = replace(answered, fragments=(SimpleNamespace(digest=b"d" * 32),))
    whole = replace(whole, rows=(own.rows[0], answered))
    _, (to_hub, to_agency) = deliver(whole, {}, NOW)
    assert to_hub.body.gaps == (Gap(1, FUND, LEAF, "PROVIDER_SUSPENDED"),)
    assert to_agency.body.gaps == ()


def test_nothing_of_a_suspended_requester_goes_on():
    suspended = standing({"370000": Standing.SUSPENDED})
    for kind in (Kind.APPLICATION, Kind.CONSENT, Kind.ROSTER, Kind.RECEIPT):
        message = SimpleNamespace(source="370000", kind=kind)
        check_source(message, directory())
        with pytest.raises(PendingError, match="SOURCE_SUSPENDED"):
            check_source(message, suspended)
    check_source(SimpleNamespace(source="370000", kind=Kind.PROBLEM), suspended)
    check_source(SimpleNamespace(source="unknown", kind=Kind.ROSTER), suspended)


def ids(found):
    return [child.id for child in found]


def test_who_is_suspended_is_not_asked_and_that_is_said_once():
    asked = line(1)
    one = standing({"500000.housing-fund": Standing.SUSPENDED})
    assert ids(children_for(one, "hub", asked)) == ["320000", "370000"]
    assert unserved(one, "hub", asked) == "PROVIDER_SUSPENDED"
    # Below 320000 somebody else can be asked, so 320000 is asked, and tells of it.
    below = standing({"321200.housing-fund": Standing.SUSPENDED})
    assert ids(children_for(below, "hub", asked)) == ["320000", "370000", "500000"]
    assert unserved(below, "hub", asked) is None
    assert ids(children_for(below, "320000", asked)) == ["320000.housing-fund"]
    assert unserved(below, "320000", asked) == "PROVIDER_SUSPENDED"
    between = standing({"321200": Standing.SUSPENDED})
    assert unserved(between, "320000", asked) == "PROVIDER_SUSPENDED"
    assert unserved(between, "321200", asked) is None


@pytest.mark.parametrize("found", [Standing.CERTIFIED, Standing.TESTED, Standing.WITHDRAWN])
def test_who_is_not_connected_yet_or_has_left_is_no_provider(found):
    gone = standing({"500000.housing-fund": found})
    assert unserved(gone, "500000", line(1)) == "NO_PROVIDER"
    assert unserved(gone, "hub", line(1)) is None
    entry = Catalogue.from_directory(gone, resources()).entry(FUND)
    assert LEAF not in {provider.adapter for provider in entry.providers}
    kept = Catalogue.from_directory(standing({"500000": Standing.SUSPENDED}), resources()).entry(
        FUND
    )
    assert LEAF in {provider.adapter for provider in kept.providers}


def test_a_plan_has_hops_and_the_gap_beside_them():
    one = standing({"500000.housing-fund": Standing.SUSPENDED})
    made = plan("hub", b"a" * 32, (line(1),), None, one, Calendar(), NOW)
    assert [hop.child for hop in made.hops] == ["320000", "370000"]
    assert made.unserved == ((FUND, "PROVIDER_SUSPENDED"),)
