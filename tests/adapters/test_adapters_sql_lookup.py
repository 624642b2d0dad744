"""Whole lookups against an SQLite database."""

from __future__ import annotations

import traceback
from datetime import UTC, date, datetime
from decimal import Decimal

import pytest
from sqlalchemy import event

from adapters.contract import LookupResult, Remark, SourceUnavailableError, Subject
from adapters.sql import query
from adapters.sql.connector import SqlConnector
from bus.model.messages import OutcomeKind
from schemas.records import encode_record
from schemas.resources import resources

FOUND, NOT_FOUND = OutcomeKind.FOUND, OutcomeKind.NOT_FOUND
NOT_ANSWERABLE = OutcomeKind.NOT_ANSWERABLE


def kinds(result: LookupResult) -> list[tuple[int, OutcomeKind, str | None, int]]:
    return [(one.reference, one.kind, one.code, len(one.records)) for one in result.outcomes]


async def test_a_person_is_found_with_exactly_the_items_asked(
    connector, withdrawal, person, ask, now
):
    withdrawal(1)
    result = await connector().lookup(ask(person(1)), now)
    assert result.outcomes[0].records == (
        {"amount": Decimal("1200.50"), "withdrawn_on": date(2024, 6, 15)},
    )
    assert kinds(result) == [(1, FOUND, None, 1)]
    assert result.remarks == ()
    assert result.as_of == now


async def test_records_fit_the_wire(connector, withdrawal, person, ask, now):
    withdrawal(1)
    resource = resources()["housing-fund-withdrawal"]
    everything = tuple(item.name for item in resource.items)
    result = await connector().lookup(ask(person(1), items=everything), now)
    (record,) = result.outcomes[0].records
    assert tuple(record) == everything
    assert record["id_type"] == "111"
    assert record["paid_to"] is None
    assert encode_record(resource, record)


async def test_unasked_columns_are_not_even_read(connector, withdrawal, person, ask, now, database):
    database("CREATE TABLE slim (zjhm TEXT, zjlx TEXT, xm TEXT, je TEXT, rq TEXT)")
    database("INSERT INTO slim VALUES (?, '111', '测试1', '5', '2024-01-01')",
             (person(1).id_number,))  # fmt: skip
    # `yy` and `zh` are mapped but not in this table: a lookup that does not ask them succeeds.
    result = await connector(table="slim").lookup(ask(person(1)), now)
    assert kinds(result) == [(1, FOUND, None, 1)]


async def test_unknown_people_are_not_found_and_nobody_is_passed_over(
    connector, withdrawal, person, ask, now
):
    withdrawal(2)
    result = await connector().lookup(ask(person(3), person(2), person(1)), now)
    assert kinds(result) == [(3, NOT_FOUND, None, 0), (2, FOUND, None, 1), (1, NOT_FOUND, None, 0)]


async def test_several_records_of_a_person_and_the_same_person_twice(
    connector, withdrawal, person, ask, now
):
    withdrawal(1, je="1.00")
    withdrawal(1, je="2.00")
    again = person(1, reference=7)
    result = await connector().lookup(ask(person(1), person(2), again), now)
    assert kinds(result) == [(1, FOUND, None, 2), (2, NOT_FOUND, None, 0), (7, FOUND, None, 2)]
    assert result.outcomes[0].records == result.outcomes[2].records
    assert {record["amount"] for record in result.outcomes[0].records} == {
        Decimal("1.00"),
        Decimal("2.00"),
    }


@pytest.mark.requirement("R053")
@pytest.mark.parametrize(
    ("days", "found"),
    [
        (None, ["2024-01-01", "2024-06-15", "2024-12-31"]),
        ((date(2024, 1, 1), date(2024, 12, 31)), ["2024-01-01", "2024-06-15", "2024-12-31"]),
        ((date(2024, 1, 2), date(2024, 12, 30)), ["2024-06-15"]),
        ((date(2024, 12, 31), date(2024, 12, 31)), ["2024-12-31"]),
        ((date(2025, 1, 1), date(2025, 12, 31)), []),
    ],
)
@pytest.mark.parametrize("form", ["%Y-%m-%d", "%Y%m%d", "%Y-%m-%d 23:59:59.500000"])
async def test_both_ends_of_a_time_range_belong_to_it(
    connector, withdrawal, person, ask, now, days, found, form
):
    for day in (date(2024, 1, 1), date(2024, 6, 15), date(2024, 12, 31)):
        withdrawal(1, rq=day.strftime(form))
    result = await connector().lookup(ask(person(1), days=days), now)
    days_found = [str(record["withdrawn_on"]) for record in result.outcomes[0].records]
    assert days_found == found
    assert result.outcomes[0].kind is (FOUND if found else NOT_FOUND)


async def test_a_resource_without_time_ignores_the_range_unless_a_column_is_named(
    connector, withdrawal, person, ask, now
):
    withdrawal(1, rq="2024-06-15")
    changes = {
        "name": "housing-fund-account",
        "columns": {"account": "zh", "balance": "je"},
        "not_held": None,
    }
    question = ask(
        person(1),
        items=("account",),
        days=(date(2020, 1, 1), date(2020, 12, 31)),
        resource="housing-fund-account",
    )
    assert kinds(await connector(**changes).lookup(question, now)) == [(1, FOUND, None, 1)]
    dated = connector(**changes, time_column="rq")
    assert kinds(await dated.lookup(question, now)) == [(1, NOT_FOUND, None, 0)]


async def test_stored_id_numbers_are_compared_without_padding_and_case(
    connector, withdrawal, person, ask, now, number_with_x
):
    withdrawal(1, zjhm=f" {number_with_x.lower()}  ", xm="测试1")
    asked = person(1, id_number=number_with_x)
    assert kinds(await connector().lookup(ask(asked), now)) == [(1, FOUND, None, 1)]
    lower = person(1, id_number=f"{number_with_x.lower()} ")
    assert kinds(await connector().lookup(ask(lower), now)) == [(1, FOUND, None, 1)]


async def test_exact_id_numbers_are_compared_directly(
    connector, withdrawal, person, ask, now, number_with_x
):
    withdrawal(1, zjhm=number_with_x)
    lower = person(1, id_number=number_with_x.lower())
    exact = connector(id_number_exact=True)
    assert kinds(await exact.lookup(ask(lower), now)) == [(1, FOUND, None, 1)]


@pytest.mark.requirement("R070")
async def test_a_name_alone_is_never_a_match(connector, withdrawal, person, ask, now):
    withdrawal(1, xm="测试2")
    assert kinds(await connector().lookup(ask(person(2)), now)) == [(2, NOT_FOUND, None, 0)]


@pytest.mark.parametrize(
    "evil",
    [
        "' OR '1'='1",
        '" OR ""="',
        "%",
        "_" * 18,
        "*",
        "'; DROP TABLE gjj_tq; --",
        "\\",
        ":id_1",
        "?",
    ],
)
async def test_quotes_and_wildcards_are_only_text(
    connector, withdrawal, person, ask, now, database, evil
):
    withdrawal(1)
    reading = connector()
    asked = Subject(5, evil, "111", evil)
    result = await reading.lookup(ask(asked, Subject(6, evil, evil, person(1).id_number)), now)
    assert kinds(result) == [(5, NOT_FOUND, None, 0), (6, NOT_FOUND, None, 0)]
    assert kinds(await reading.lookup(ask(person(1)), now)) == [(1, FOUND, None, 1)]
    withdrawal(9, zjhm=evil.upper(), xm=evil, yy=evil)
    back = await reading.lookup(ask(asked, items=("reason",)), now)
    assert back.outcomes[0].records == ({"reason": evil},)


async def test_a_thousand_at_once(connector, withdrawal, person, ask, now, number, database):
    rows = [
        (number(serial), "111", f"测试{serial}", None, serial, "2024-01-01", None, None)
        for serial in range(1, 1501)
    ]
    database("INSERT INTO gjj_tq VALUES (?, ?, ?, ?, ?, ?, ?, ?)", *rows)
    result = await connector().lookup(ask(*(person(serial) for serial in range(1001, 2001))), now)
    assert [outcome.reference for outcome in result.outcomes] == list(range(1001, 2001))
    assert all(
        outcome.records[0]["amount"] == outcome.reference for outcome in result.outcomes[:500]
    )
    assert all(outcome.kind is NOT_FOUND for outcome in result.outcomes[500:])


@pytest.mark.parametrize(
    ("column", "value", "item"),
    [
        ("je", 12.345, "amount"),
        ("je", "garbage", "amount"),
        ("je", b"\x00", "amount"),
        ("rq", "2024-02-30", "withdrawn_on"),
        ("yy", "a\x07b", "reason"),
    ],
)
async def test_a_value_that_does_not_fit_fails_its_person_alone(
    connector, withdrawal, person, ask, now, column, value, item
):
    withdrawal(1)
    withdrawal(1, **{column: value})
    withdrawal(2)
    question = ask(person(1), person(2), items=("amount", "withdrawn_on", "reason"))
    result = await connector().lookup(question, now)
    assert kinds(result) == [(1, NOT_ANSWERABLE, "VALUE_INVALID", 0), (2, FOUND, None, 1)]
    assert result.remarks == (Remark("VALUE_INVALID", f"housing-fund-withdrawal.{item}", 1),)


async def test_text_in_another_encoding_fails_its_person_alone(
    connector, withdrawal, person, ask, now, database
):
    withdrawal(1)
    withdrawal(2)
    database("UPDATE gjj_tq SET yy = CAST(x'c2f2b7bf' AS TEXT) WHERE zjhm = ?",
             (person(1).id_number,))  # fmt: skip
    result = await connector().lookup(ask(person(1), person(2), items=("reason",)), now)
    assert kinds(result) == [(1, NOT_ANSWERABLE, "VALUE_INVALID", 0), (2, FOUND, None, 1)]


async def test_rows_of_people_nobody_asked_about_are_dropped_and_counted(
    connector, withdrawal, person, ask, now, database
):
    withdrawal(1)
    # A view that agrees with the comparison, and then shows somebody else.
    database("CREATE VIEW v AS SELECT lie() AS zjhm, zjlx, xm, zh, je, rq, yy FROM gjj_tq")
    answers = iter([person(1).id_number, person(2).id_number])
    reading = connector(table="v")

    @event.listens_for(reading.source._engine.sync_engine, "connect")
    def _teach_to_lie(connection, _record):
        connection.create_function("lie", 0, lambda: next(answers))

    result = await reading.lookup(ask(person(1)), now)
    assert next(answers, None) is None
    assert kinds(result) == [(1, NOT_FOUND, None, 0)]
    assert result.remarks == (Remark("ROWS_UNASKED", "v", 1),)


async def test_what_this_source_does_not_offer_is_not_answerable(connector, person, ask, now):
    other = await connector().lookup(ask(person(1), resource="marriage-registration"), now)
    assert kinds(other) == [(1, NOT_ANSWERABLE, "RESOURCE_NOT_OFFERED", 0)]
    item = await connector().lookup(ask(person(1), items=("amount", "salary")), now)
    assert kinds(item) == [(1, NOT_ANSWERABLE, "ITEM_UNKNOWN", 0)]


@pytest.mark.requirement("R072")
@pytest.mark.parametrize(
    ("changes", "as_of"),
    [
        ({"as_of_column": "批次"}, datetime(2026, 3, 1, 0, 0, tzinfo=UTC)),
        ({"as_of": date(2026, 1, 31)}, datetime(2026, 1, 30, 16, tzinfo=UTC)),
        ({"as_of": datetime(2026, 1, 31, 12, tzinfo=UTC)}, datetime(2026, 1, 31, 12, tzinfo=UTC)),
    ],
)
async def test_the_as_of_time_is_the_sources(
    connector, withdrawal, person, ask, now, changes, as_of
):
    withdrawal(1, 批次="2026-02-01 08:00:00")
    withdrawal(2, 批次="2026-03-01 08:00:00")
    result = await connector(**changes).lookup(ask(person(1)), now)
    assert result.as_of == as_of


async def test_an_as_of_time_is_never_in_the_future_and_an_empty_table_is_true_now(
    connector, withdrawal, person, ask, now
):
    reading = connector(as_of_column="批次")
    assert (await reading.lookup(ask(person(1)), now)).as_of == now
    withdrawal(1, 批次="2036-01-01 00:00:00")
    assert (await reading.lookup(ask(person(1)), now)).as_of == now


async def test_an_as_of_time_that_cannot_be_read_answers_nobody(
    connector, withdrawal, person, ask, now
):
    withdrawal(1, 批次="yesterday")
    with pytest.raises(SourceUnavailableError, match="SOURCE_AS_OF_INVALID") as caught:
        await connector(as_of_column="批次").lookup(ask(person(1)), now)
    assert "yesterday" not in str(caught.value)


async def test_too_many_rows_of_one_person_fail_that_person_alone(
    connector, withdrawal, person, ask, now, monkeypatch
):
    monkeypatch.setattr(query, "ROW_LIMIT", 3)
    for serial, rows in ((1, 3), (2, 4), (3, 1)):
        for _ in range(rows):
            withdrawal(serial)
    result = await connector().lookup(ask(person(1), person(2), person(3), person(4)), now)
    assert kinds(result) == [
        (1, FOUND, None, 3),
        (2, NOT_ANSWERABLE, "RECORDS_TOO_MANY", 0),
        (3, FOUND, None, 1),
        (4, NOT_FOUND, None, 0),
    ]


async def test_a_source_that_fails_answers_nobody_and_names_nobody(
    connector, withdrawal, person, ask, now, database
):
    withdrawal(1)
    reading = connector()
    await reading.lookup(ask(person(1)), now)
    database("DROP TABLE gjj_tq")
    with pytest.raises(SourceUnavailableError, match="SOURCE_FAILED") as caught:
        await reading.lookup(ask(person(1)), now)
    printed = "".join(traceback.format_exception(caught.value)) + repr(caught.value)
    assert person(1).id_number not in printed
    assert person(1).name not in printed
    assert "gjj_tq" in str(caught.value)


async def test_a_slow_source_times_out_and_works_again_later(
    connector, withdrawal, person, ask, now
):
    withdrawal(1)
    reading = connector()
    await reading.lookup(ask(person(1)), now)
    reading.source._timeout = 1e-9
    with pytest.raises(SourceUnavailableError, match="SOURCE_TIMEOUT"):
        await reading.lookup(ask(person(1)), now)
    reading.source._timeout = 60
    assert kinds(await reading.lookup(ask(person(1)), now)) == [(1, FOUND, None, 1)]


async def test_it_closes_twice(database, mapping):
    connector = SqlConnector(mapping(), resources())
    await connector.check()
    await connector.close()
    await connector.close()
