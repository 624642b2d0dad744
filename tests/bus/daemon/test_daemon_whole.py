"""Whole queries of many shapes: sizes, lines, trees, gaps; the result is what the tables hold."""

from __future__ import annotations

from datetime import date, timedelta
from decimal import Decimal

import pytest
from daemon_deeds import books, case_of, clean, drive, events, held, renew, service, submit_draft

from bus.errors import InputError, UnavailableError
from bus.model.audit import Event
from bus.model.case import CaseRole, QueryState, RowState
from bus.model.messages import OutcomeKind
from bus.model.request import DraftLine
from schemas.records import decode_record
from schemas.resources import resources
from signer.envelope.kinds import Kind

FUND_LINE = DraftLine(1, "national", "housing-fund", (), date(2025, 1, 1), date(2025, 12, 31))


async def all_delivered(country, query):
    roles = {"370000": CaseRole.REQUESTER, "hub": CaseRole.REVIEWER}
    for name in country.desks:
        role = roles.get(name) or (CaseRole.AGENCY if "." in name else CaseRole.PROVIDER)
        case = await case_of(country, name, query, role)
        if case is not None:
            ends = (QueryState.ANSWERED,) if role is CaseRole.PROVIDER else (QueryState.DELIVERED,)
            assert case.state in ends, (name, case.state)
            assert all(row.state is not RowState.OPEN for row in case.rows)


@pytest.mark.parametrize("persons", [1, 12])
@pytest.mark.requirement("R018")
@pytest.mark.requirement("R044")
async def test_a_query_of_a_few_persons_is_delivered_everywhere(country, make_draft, persons):
    query = await submit_draft(country, make_draft(persons))
    await country.settle()
    assert await clean(country)
    await all_delivered(country, query)
    view = await service(country, "370000").result(query, "甲", "最低生活保障对象认定")
    assert len(view.persons) == persons


async def test_a_list_of_several_parts_is_answered_part_by_part(country, make_draft):
    line = DraftLine(1, "500000", "housing-fund", ("个人账户余额",), None, None)
    query = await submit_draft(country, make_draft(2300, (line,)))
    await country.settle()
    assert await clean(country)
    await all_delivered(country, query)
    view = await service(country, "370000").result(query, "甲", "最低生活保障对象认定")
    assert len(view.persons) == 2300
    answered = [(o.line, o.reference) for a in view.answers for o in a.outcomes]
    assert sorted(answered) == [(1, n) for n in range(1, 2301)]
    assert {a.part for a in view.answers} == {1, 2, 3}


async def test_a_full_part_of_a_thousand(country, make_draft):
    line = DraftLine(1, "hub", "marriage", (), None, None)
    query = await submit_draft(country, make_draft(1000, (line,)))
    await country.settle()
    case = await case_of(country, "370000", query)
    assert case.state is QueryState.DELIVERED
    assert [part.count for part in case.parts] == [1000, 1000]


@pytest.mark.requirement("R052")
@pytest.mark.requirement("R072")
async def test_the_result_is_what_the_tables_hold_and_no_more(country, make_draft):
    draft = make_draft(3, (DraftLine(1, "320000", "housing-fund", ("个人账户余额",), None, None),))
    rich = draft.persons[1].id_number
    table = country["320000.housing-fund"].connector
    table.rows["housing-fund-account", rich] = [
        {
            "name": draft.persons[1].name,
            "id_type": "111",
            "id_number": rich,
            "balance": Decimal("1234.50"),
            "monthly_deposit": Decimal("777.00"),
        }
    ]
    query = await submit_draft(country, draft)
    await country.settle()
    view = await service(country, "370000").result(query, "甲", "最低生活保障对象认定")

    (answer,) = view.answers
    assert (answer.provider, answer.resource) == ("320000.housing-fund", "housing-fund-account")
    assert answer.as_of == country.clock.now()
    assert not answer.late
    outcomes = {o.reference: o for o in answer.outcomes}
    assert [outcomes[n].outcome for n in (1, 2, 3)] == [
        OutcomeKind.NOT_FOUND,
        OutcomeKind.FOUND,
        OutcomeKind.NOT_FOUND,
    ]
    names = [item.name for item in view.lines[0].items]
    assert dict(zip(names, outcomes[2].records[0], strict=True)) == {
        "name": draft.persons[1].name,
        "id_type": "111",
        "id_number": rich,
        "balance": Decimal("1234.50"),
    }
    # The bytes of the answer hold no item that was not asked.
    async with country["370000"].store.transaction() as unit:
        (stored,) = await unit.messages(query, Kind.ANSWER)
        work = country.work("370000", unit)
        body = work.message(stored).body
    (data,) = [record for outcome in body.outcomes for record in outcome.records]
    record = decode_record(resources()["housing-fund-account"], data)
    assert {name for name, value in record.items() if value is not None} == set(names)
    assert body.record_count == 1


@pytest.mark.requirement("R018")
async def test_nobody_on_the_way_can_read_an_answer(country, make_draft):
    query = await submit_draft(country, make_draft(2))
    await country.settle()
    for name in ("hub", "320000", "500000"):
        async with country[name].store.transaction() as unit:
            answers = await unit.messages(query, Kind.ANSWER)
        assert answers, name
        assert all(answer.secret is None for answer in answers), name
    agency = country["320000.housing-fund"]
    async with agency.store.transaction() as unit:
        assert not await unit.messages(query, Kind.CONSENT)


async def test_two_lines_of_one_resource_are_one_row_and_two_outcomes_a_person(country, make_draft):
    lines = (
        DraftLine(1, "320000", "housing-fund", ("balance",), date(2024, 1, 1), date(2024, 12, 31)),
        DraftLine(2, "national", "housing-fund", ("balance",), None, None),
    )
    query = await submit_draft(country, make_draft(2, lines))
    await country.settle()
    assert await clean(country)
    case = await case_of(country, "370000", query)
    assert case.state is QueryState.DELIVERED
    view = await service(country, "370000").result(query, "甲", "最低生活保障对象认定")
    given = {a.provider: sorted((o.line, o.reference) for o in a.outcomes) for a in view.answers}
    assert given["320000.housing-fund"] == [(1, 1), (1, 2), (2, 1), (2, 2)]
    assert given["500000.housing-fund"] == [(2, 1), (2, 2)]


@pytest.mark.requirement("R051")
async def test_what_a_province_does_not_offer_is_a_gap_and_the_query_ends(country, make_draft):
    lines = (
        DraftLine(1, "500000", "housing-security", (), None, None),
        DraftLine(2, "hub", "marriage", (), None, None),
    )
    query = await submit_draft(country, make_draft(1, lines))
    await country.settle()
    assert await clean(country)
    await all_delivered(country, query)
    view = await service(country, "370000").result(query, "甲", "最低生活保障对象认定")
    (gap,) = view.gaps
    assert (gap.resource, gap.code, gap.due) == ("urban-housing-security", "NO_PROVIDER", None)
    assert [a.provider for a in view.answers] == ["hub.marriage"]


async def test_a_query_nobody_can_answer_ends_at_once(country, make_draft):
    line = DraftLine(1, "500000", "housing-security", (), None, None)
    query = await submit_draft(country, make_draft(1, (line,)))
    await country.settle()
    assert await clean(country)
    await all_delivered(country, query)
    assert (await case_of(country, "hub", query, CaseRole.REVIEWER)).state is QueryState.DELIVERED


@pytest.mark.requirement("R020")
async def test_what_the_catalogue_lacks_is_refused_and_nothing_is_done(country, make_draft):
    faulty = make_draft(1, (FUND_LINE, DraftLine(2, "hub", "lottery", (), None, None)))
    with pytest.raises(InputError, match="DRAFT_REFUSED") as refusal:
        await service(country, "370000").submit(faulty, "甲")
    assert [f.code for f in refusal.value.findings] == ["CATEGORY_UNKNOWN"]
    async with country["370000"].store.transaction() as unit:
        assert not await unit.cases(CaseRole.REQUESTER)
        assert not await unit.unsent(10)
    assert not await events(country, "370000")


@pytest.mark.requirement("R071")
async def test_a_source_that_is_down_is_asked_again_until_it_is_up(country, make_draft):
    agency = country["500000.housing-fund"]
    agency.connector.fault = UnavailableError("SOURCE_DOWN", "来源不可用", "down")
    query = await submit_draft(country, make_draft(1, (FUND_LINE,)))
    await country.settle()
    case = await case_of(country, "370000", query)
    assert case.state is QueryState.PARTLY_ANSWERED
    owing = {row.holder for row in case.rows if row.state is RowState.OPEN}
    assert owing == {"500000.housing-fund"}
    asked = len(agency.connector.asked)
    await country.settle()
    assert len(agency.connector.asked) == asked  # not in a busy loop

    agency.connector.fault = None
    country.clock.move(timedelta(seconds=6))
    await country.settle()
    assert (await case_of(country, "370000", query)).state is QueryState.DELIVERED
    assert await clean(country)


@pytest.mark.requirement("R029")
async def test_an_answer_after_its_term_is_delivered_and_marked_late(country, make_draft):
    agency = country["hub.marriage"]
    agency.connector.fault = UnavailableError("SOURCE_DOWN", "来源不可用", "down")
    query = await submit_draft(
        country, make_draft(1, (DraftLine(1, "hub", "marriage", (), None, None),))
    )
    await country.settle()
    country.clock.move(timedelta(days=10))
    renew(country)
    agency.connector.fault = None
    await country.settle()
    view = await service(country, "370000").result(query, "甲", "最低生活保障对象认定")
    assert view.state is QueryState.DELIVERED
    assert [a.late for a in view.answers] == [True]


@pytest.mark.requirement("R017")
@pytest.mark.requirement("R050")
async def test_the_centres_own_resources_are_answered_without_any_province(country, make_draft):
    line = DraftLine(1, "hub", "marriage", (), None, None)
    query = await submit_draft(country, make_draft(1, (line,)))
    await country.settle()
    for name in ("320000", "500000"):
        assert await case_of(country, name, query, CaseRole.PROVIDER) is None
    assert (await case_of(country, "370000", query)).state is QueryState.DELIVERED


@pytest.mark.requirement("R051")
async def test_a_city_below_a_province_answers_through_it(city_country, make_draft):
    country = city_country
    line = DraftLine(1, "320000", "housing-security", (), None, None)
    query = await submit_draft(country, make_draft(2, (line,)))
    await country.settle()
    assert await clean(country)
    await all_delivered(country, query)
    case = await case_of(country, "370000", query)
    assert {(r.holder, r.state) for r in case.rows} == {
        ("320000", RowState.DISPATCHED),
        ("321200", RowState.DISPATCHED),
        ("321200.housing-bureau", RowState.ANSWERED),
        ("320000.housing-bureau", RowState.ANSWERED),
    }
    # Every centre on the way keeps the same account.
    province = await case_of(country, "320000", query, CaseRole.PROVIDER)
    assert {(r.holder, r.state) for r in province.rows} == {
        ("321200", RowState.DISPATCHED),
        ("321200.housing-bureau", RowState.ANSWERED),
        ("320000.housing-bureau", RowState.ANSWERED),
    }
    hub = await case_of(country, "hub", query, CaseRole.REVIEWER)
    assert {r.holder for r in hub.rows} == {r.holder for r in case.rows}


async def test_a_province_asks_its_own_cities_too(city_country, make_draft):
    country = city_country
    line = DraftLine(1, "320000", "housing-security", (), None, None)
    query = await submit_draft(country, make_draft(2, (line,)), node="320000")
    await country.settle()
    assert await clean(country)
    own = await case_of(country, "320000", query)
    assert own.state is QueryState.DELIVERED
    hub = await case_of(country, "hub", query, CaseRole.REVIEWER)
    assert hub.state is QueryState.DELIVERED


async def test_two_queries_at_once_keep_apart(country, make_draft):
    one = await submit_draft(country, make_draft(2))
    two = await submit_draft(country, make_draft(3), node="500000")
    await country.settle()
    assert await clean(country)
    assert (await case_of(country, "370000", one)).state is QueryState.DELIVERED
    assert (await case_of(country, "500000", two)).state is QueryState.DELIVERED
    assert await case_of(country, "500000", one) is None


@pytest.mark.requirement("R035")
async def test_reading_a_result_is_in_the_books_with_operator_and_purpose(country, make_draft):
    query = await submit_draft(country, make_draft(1))
    await country.settle()
    await service(country, "370000").result(query, "甲", "最低生活保障对象认定")
    (read,) = [e for e in await events(country, "370000") if e.event == Event.RESULT_READ]
    assert read.actor == "operator:甲"
    assert read.detail["purpose"] == "最低生活保障对象认定"
    with pytest.raises(InputError, match="QUERY_UNKNOWN"):
        await service(country, "500000").result(query, "甲", "最低生活保障对象认定")


async def test_two_equal_runs_leave_equal_books(country, make_draft):
    await submit_draft(country, make_draft(1))
    await country.settle()
    once = await books(country)
    await submit_draft(country, make_draft(1))
    await country.settle()
    twice = await books(country)
    for name, (cases, kinds, noted) in once.items():
        assert len(twice[name][0]) == 2 * len(cases)
        assert twice[name][1] == kinds + kinds
        assert twice[name][2] == noted + noted
    assert not await held(country, "hub")


@pytest.mark.requirement("R075")
async def test_a_query_on_real_databases_ends_in_the_same_books(sql_country, country, make_draft):
    for where in (country, sql_country):
        query = await submit_draft(where, make_draft(3))
        await where.settle()
        assert await clean(where)
        assert (await case_of(where, "370000", query)).state is QueryState.DELIVERED
        view = await service(where, "370000").result(query, "甲", "最低生活保障对象认定")
        assert len(view.persons) == 3
    assert await books(sql_country) == await books(country)


async def test_a_drive_at_random_over_real_databases(sql_country, make_draft):
    query = await submit_draft(sql_country, make_draft(2))
    await drive(sql_country, 5)
    assert await clean(sql_country)
    assert (await case_of(sql_country, "370000", query)).state is QueryState.DELIVERED
