"""What participants hold differently of a query is found, whichever way they differ."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

import pytest

from adapters.country.agreement import Held, disagreements, held
from adapters.country.books import audited
from adapters.country.country import make_country, offers
from adapters.country.people import application, household
from bus.model.case import CaseRole, Fragment, QueryState, RowState
from bus.model.request import DraftLine

NOW = datetime(2026, 1, 5, 2, 0, tzinfo=UTC)
FUND = "320000.housing-fund"
PARENTS = {"hub": None, "370000": "hub", "320000": "hub", FUND: "320000"}
LINE = DraftLine(1, "320000", "housing-fund", (), date(2025, 1, 1), date(2025, 12, 31))


@pytest.fixture
async def land():
    made = make_country(PARENTS, {FUND: offers(("housing-fund-account",))}, NOW)
    await made.start()
    yield made
    await made.stop()


@pytest.fixture
async def query(land):
    people = household(1, 3, date(2026, 1, 3))
    draft = application(people, [LINE], date(2026, 1, 5), "示例民政局")
    case = await land["370000"].service.submit(draft, "测试")
    await land.settle("370000")
    return case.query


def changed(cases, role, **fields):
    return [
        Held(one.participant, replace(one.case, **fields)) if one.case.role is role else one
        for one in cases
    ]


def of(cases, role):
    return next(one.case for one in cases if one.case.role is role)


async def test_a_delivered_query_is_held_alike_by_all_four(land, query):
    cases = await held(land, query)
    assert [one.case.role for one in cases] == [
        CaseRole.REQUESTER,
        CaseRole.REVIEWER,
        CaseRole.PROVIDER,
        CaseRole.AGENCY,
    ]
    assert disagreements(query, cases) == ()


async def test_another_state_is_found(land, query):
    cases = changed(await held(land, query), CaseRole.PROVIDER, state=QueryState.STARTED)
    (found,) = disagreements(query, cases)
    assert "320000 (provider) says STARTED" in found.en


async def test_a_query_that_has_not_ended_is_found(land, query):
    cases = changed(await held(land, query), CaseRole.REQUESTER, state=QueryState.STARTED)
    (found,) = disagreements(query, cases)
    assert found.en == "not ended: STARTED"


async def test_a_row_that_stands_otherwise_is_found(land, query):
    cases = await held(land, query)
    (row,) = of(cases, CaseRole.AGENCY).rows
    cases = changed(cases, CaseRole.AGENCY, rows=(replace(row, state=RowState.OPEN),))
    assert [one.en for one in disagreements(query, cases)] == [
        f"{FUND} (agency): housing-fund-account of {FUND} is OPEN, differs"
    ]


async def test_another_answer_is_found(land, query):
    cases = await held(land, query)
    (row,) = of(cases, CaseRole.PROVIDER).rows
    other = replace(row, fragments=(Fragment(0, b"other", last=True),))
    cases = changed(cases, CaseRole.PROVIDER, rows=(other,))
    (found,) = disagreements(query, cases)
    assert found.en.startswith("320000 counts other answers")


async def test_a_row_the_hub_lacks_is_found(land, query):
    cases = await held(land, query)
    first, _ = of(cases, CaseRole.REVIEWER).rows
    (found,) = disagreements(query, changed(cases, CaseRole.REVIEWER, rows=(first,)))
    assert found.en == "the requester has 2 rows, the hub 1"


@pytest.mark.parametrize("missing", [CaseRole.REVIEWER, CaseRole.AGENCY, CaseRole.REQUESTER])
async def test_who_knows_nothing_of_it_is_found(land, query, missing):
    cases = [one for one in await held(land, query) if one.case.role is not missing]
    (found,) = disagreements(query, cases)
    assert found.en in {
        "the hub does not know it",
        f"{FUND} does not know it",
        "there is not exactly one requester",
    }


async def test_who_should_not_know_of_a_refused_query_is_found(land, query):
    cases = changed(await held(land, query), CaseRole.REQUESTER, state=QueryState.REFUSED, rows=())
    texts = [one.en for one in disagreements(query, cases)]
    assert any("320000 (provider) says ANSWERED, requester REFUSED" in text for text in texts)


async def test_books_are_whole_and_clear_and_count_what_is_about_the_query(land, query):
    found = {books.participant: books for books in await audited(land, query)}
    assert all(books.whole and books.clear for books in found.values())
    assert found["hub"].events["application.decided"] == 1
    once = "order.received", "lookup.begun", "lookup.done", "answer.sent", "query.delivered"
    assert found[FUND].events == dict.fromkeys(once, 1)


async def test_books_of_a_chain_that_was_changed_are_not_whole(land, query):
    store = land["hub"].store
    entry = store._tables.audit[3]
    later = replace(entry.event, at=entry.event.at + timedelta(seconds=1))
    store._tables.audit[3] = replace(entry, event=later)
    found = {books.participant: books for books in await audited(land, query)}
    assert not found["hub"].whole
    assert found["hub"].broken
    assert found["370000"].whole


async def test_books_with_something_parked_or_refused_are_not_clear(land, query):
    place = ("hedui.hub.inbox", b"", b"x", ())
    async with land[FUND].store.transaction() as unit:
        await unit.hold(*place, "KEY_UNKNOWN", None, NOW, NOW + timedelta(days=1))
    async with land["320000"].store.transaction() as unit:
        await unit.quarantine("hedui.320000.inbox", 0, 0, b"", b"x", (), "MALFORMED", "", NOW)
    clear = {books.participant: books.clear for books in await audited(land, query)}
    assert clear == {"hub": True, "370000": True, "320000": False, FUND: False}
