"""Whole lookups against a real HTTP service."""

from __future__ import annotations

import time
from datetime import UTC, date, datetime
from decimal import Decimal
from uuid import UUID

import pytest
from fund_service import SINGLE
from rest_site import reply

from adapters.contract import LookupResult, Remark, Task
from bus.model.messages import OutcomeKind

FOUND, NOT_FOUND = OutcomeKind.FOUND, OutcomeKind.NOT_FOUND
NOT_ANSWERABLE = OutcomeKind.NOT_ANSWERABLE


def kinds(result: LookupResult) -> list[tuple[int, OutcomeKind, str | None, int]]:
    return [(one.reference, one.kind, one.code, len(one.records)) for one in result.outcomes]


@pytest.mark.parametrize("single", [False, True])
async def test_known_and_unknown_people(rest, fund, person, number, ask, now, single):
    fund.add(number(1))
    fund.add(number(3), xm="测试3", je=8000, rq="2025-01-01")
    fund.add(number(3), xm="测试3", je="0.10")
    asking = rest(**(SINGLE if single else {}))
    result = await asking.lookup(ask(person(1), person(2), person(3)), now)
    assert kinds(result) == [(1, FOUND, None, 1), (2, NOT_FOUND, None, 0), (3, FOUND, None, 2)]
    assert result.outcomes[0].records == (
        {"amount": Decimal("1200.50"), "withdrawn_on": date(2024, 6, 15)},
    )
    assert [one["amount"] for one in result.outcomes[2].records] == [
        Decimal("8000.00"),
        Decimal("0.10"),
    ]
    assert result.as_of == now
    assert result.remarks == ()


async def test_only_what_is_asked_for_leaves_the_service_again(
    rest, fund, person, number, ask, now
):
    fund.add(number(1), secret="7")
    result = await rest().lookup(ask(person(1), items=("reason",)), now)
    assert result.outcomes[0].records == ({"reason": "购房"},)


async def test_a_batch_is_a_request(rest, fund, person, number, ask, now, rest_service):
    for serial in range(5):
        fund.add(number(serial), xm=f"测试{serial}")
    result = await rest(batch=2).lookup(ask(*(person(serial) for serial in range(5))), now)
    assert [one.kind for one in result.outcomes] == [FOUND] * 5
    sizes = sorted(len(asked.json["persons"]) for asked in rest_service.asked)
    assert sizes == [1, 2, 2]
    assert {asked.method for asked in rest_service.asked} == {"POST"}
    assert {asked.path for asked in rest_service.asked} == {"/api/withdrawals/query"}
    assert rest_service.asked[0].headers["accept-encoding"] == "identity"


async def test_a_thousand_at_once(rest, fund, person, number, ask, now, rest_service):
    for serial in range(1000):
        for _ in range(3):
            fund.add(number(serial), xm=f"测试{serial}")
    connector = rest()
    question = ask(*(person(serial) for serial in range(1000)))
    begin = time.process_time()
    result = await connector.lookup(question, now)
    assert [len(one.records) for one in result.outcomes] == [3] * 1000
    assert len(rest_service.asked) == 10
    # The service in its thread counts too; JSONPath by the library alone took as much again.
    assert time.process_time() - begin < 5


@pytest.mark.requirement("R053")
async def test_a_range_has_both_its_ends(rest, fund, person, number, ask, now, rest_service):
    days = {1: "2024-01-01", 2: "2024-12-31", 3: "2023-12-31", 4: "2025-01-01"}
    for serial, day in days.items():
        fund.add(number(serial), xm=f"测试{serial}", rq=day)
    question = ask(*map(person, days), days=(date(2024, 1, 1), date(2024, 12, 31)))
    result = await rest().lookup(question, now)
    assert [one.kind for one in result.outcomes] == [FOUND, FOUND, NOT_FOUND, NOT_FOUND]
    assert rest_service.asked[0].json["from"] == "2024-01-01"
    assert rest_service.asked[0].json["to"] == "2024-12-31"


async def test_a_service_has_dates_of_its_own_form(rest, fund, person, ask, now, rest_service):
    question = ask(person(1), days=(date(2024, 1, 1), date(2024, 12, 31)))
    await rest(date_format="%Y%m%d").lookup(question, now)
    assert rest_service.asked[0].json["from"] == "20240101"


@pytest.mark.requirement("R070")
async def test_a_homonym_is_a_doubt(rest, fund, person, number, ask, now):
    fund.add(number(1), xm="别人")
    fund.add(number(2), xm=" 测试2 ")
    result = await rest().lookup(ask(person(1), person(2)), now)
    assert kinds(result) == [(1, NOT_ANSWERABLE, "NAME_MISMATCH", 0), (2, FOUND, None, 1)]


async def test_a_number_asked_for_twice_is_sent_once(
    rest, fund, person, number, ask, now, rest_service
):
    fund.add(number(1))
    result = await rest().lookup(ask(person(1), person(1, reference=2)), now)
    assert kinds(result) == [(1, FOUND, None, 1), (2, FOUND, None, 1)]
    assert rest_service.asked[0].json["persons"] == [{"zjhm": number(1)}]


async def test_a_service_told_names_is_asked_again_under_each(
    rest, fund, person, number, ask, now, rest_service
):
    fund.add(number(1))
    fund.add(number(1))
    told = rest(person={"zjhm": "{id_number}", "xm": "{name}"})
    result = await told.lookup(ask(person(1), person(1, reference=2, name="别名")), now)
    assert kinds(result) == [(1, FOUND, None, 2), (2, NOT_ANSWERABLE, "NAME_MISMATCH", 0)]
    assert [asked.json["persons"][0]["xm"] for asked in rest_service.asked] == ["测试1", "别名"]


async def test_id_types_go_out_and_come_back_in_the_services_own_code(
    rest, fund, person, number, ask, now, rest_service
):
    fund.add(number(1), zjlx="01")
    fund.add(number(1), zjlx="02", je="7")
    asking = rest(
        id_types={"01": "111", "02": "414"},
        person={"zjhm": "{id_number}", "lx": "{id_type}"},
    )
    question = ask(
        person(1), person(1, reference=2, id_type="414"), person(3, id_type="511"), person(4)
    )
    result = await asking.lookup(question, now)
    assert kinds(result) == [
        (1, FOUND, None, 1),
        (2, FOUND, None, 1),
        (3, NOT_ANSWERABLE, "ID_TYPE_NOT_HELD", 0),
        (4, NOT_FOUND, None, 0),
    ]
    assert result.outcomes[1].records[0]["amount"] == 7
    sent = [one["lx"] for asked in rest_service.asked for one in asked.json["persons"]]
    assert sent == ["01", "01", "02"]


async def test_nobody_is_asked_about_whom_the_answer_could_not_be_about(
    rest, person, ask, now, rest_service
):
    passports = rest(id_type=None)
    question = ask(person(1, id_type="414"), person(2, id_number="  "))
    result = await passports.lookup(question, now)
    assert [one.code for one in result.outcomes] == ["ID_TYPE_NOT_HELD", "ID_NUMBER_MISSING"]
    assert rest_service.asked == []


async def test_the_service_may_be_told_what_it_is_asked_for(
    rest, fund, person, ask, now, rest_service
):
    query = UUID(int=7)
    task = Task(query, b"\x01\x02", 1, 1, "370000", "minimum-living", "审核", now)
    question = ask(person(1))
    told = {
        "persons": "{persons}",
        "head": {"q": "{query}", "o": "{order}", "r": "{requester}", "b": "{business}"},
        "why": ["{purpose}", 5, True],
    }
    lookup = type(question)(question.resource, question.items, None, None, question.persons, task)
    await rest(body=told).lookup(lookup, now)
    assert rest_service.asked[0].json["head"] == {
        "q": str(query),
        "o": "0102",
        "r": "370000",
        "b": "minimum-living",
    }
    assert rest_service.asked[0].json["why"] == ["审核", 5, True]
    await rest(body=told).lookup(question, now)
    assert rest_service.asked[1].json["why"] == [None, 5, True]


async def test_a_get_carries_numbers_only_where_that_is_stated(
    rest, fund, person, number, ask, now, rest_service
):
    fund.add(number(1))
    rest_service.answer = lambda asked: reply(
        {"code": 0, "total": 1, "data": fund.held[asked.query["zjhm"]]}
    )
    get = rest(
        method="GET",
        batch=1,
        body=None,
        person=None,
        query={"zjhm": "{id_number}", "from": "{time_from}", "v": "2"},
        personal_data_in_url=True,
    )
    assert kinds(await get.lookup(ask(person(1)), now)) == [(1, FOUND, None, 1)]
    # A range that is not asked has no parameter.
    assert rest_service.asked[0].query == {"zjhm": number(1), "v": "2"}
    assert rest_service.asked[0].body == b""


async def test_records_without_a_number_are_of_whom_was_asked_about(
    rest, fund, person, number, ask, now
):
    del fund.add(number(1))["zjhm"]
    columns = {"name": "xm", "amount": "$.tq.je", "id_number": "{id_number}"}
    held = ["paid_to", "account", "id_type", "withdrawn_on", "reason"]
    one = rest(**SINGLE, id_number="{id_number}", columns=columns, not_held=held)
    question = ask(person(1), person(2), items=("id_number", "amount"))
    result = await one.lookup(question, now)
    assert kinds(result) == [(1, FOUND, None, 1), (2, NOT_FOUND, None, 0)]
    assert result.outcomes[0].records[0]["id_number"] == number(1)


@pytest.mark.requirement("R072")
async def test_the_oldest_as_of_time_counts(rest, fund, person, number, ask, now, rest_service):
    times = iter(["2026-03-01 08:00:00", "2026-02-01", "2026-03-01"])

    def answer(asked):
        return reply({"code": 0, "total": 0, "data": [], "asOf": next(times)})

    rest_service.answer = answer
    dated = rest(batch=1, as_of_column="$.asOf")
    result = await dated.lookup(ask(person(1), person(2), person(3)), now)
    assert result.as_of == datetime(2026, 1, 31, 16, tzinfo=UTC)


async def test_pages_are_asked_for_until_all_is_there(
    rest, fund, person, number, ask, now, rest_service
):
    for amount in range(5):
        fund.add(number(1), je=amount)

    def answer(asked):
        records = fund.records_for(asked)
        at = 2 * (asked.json["page"] - 1)
        return reply({"code": 0, "total": len(records), "data": records[at : at + 2]})

    rest_service.answer = answer
    paged = rest(body={"persons": "{persons}", "page": "{page}"}, paging={"most": 3})
    result = await paged.lookup(ask(person(1), person(2)), now)
    assert kinds(result) == [(1, FOUND, None, 5), (2, NOT_FOUND, None, 0)]
    assert [asked.json["page"] for asked in rest_service.asked] == [1, 2, 3]


async def test_others_rows_are_dropped_and_counted(rest, fund, person, number, ask, now):
    own, other = fund.add(number(1)), fund.add(number(9))
    fund.service.answer = lambda _: reply({"code": 0, "total": 2, "data": [own, other]})
    question = ask(person(1), person(2))
    result = await rest(returns_others=True).lookup(question, now)
    assert kinds(result) == [(1, FOUND, None, 1), (2, NOT_FOUND, None, 0)]
    assert result.remarks == (Remark("ROWS_UNASKED", "housing-fund-withdrawal", 1),)
    # A service of which that was not expected did not answer the question that was put.
    result = await rest().lookup(question, now)
    assert kinds(result) == [
        (1, FOUND, None, 1),
        (2, NOT_ANSWERABLE, "SOURCE_ANSWERS_OTHERS", 0),
    ]
