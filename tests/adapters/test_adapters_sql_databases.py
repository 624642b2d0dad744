"""The same hazards on SQLite, PostgreSQL and MariaDB: what each person is answered."""

from __future__ import annotations

from datetime import UTC, date, datetime
from decimal import Decimal

import pytest
from sql_sites import MARIADB, POSTGRESQL, SQLITE

from adapters.contract import LookupResult, Remark, Subject
from adapters.sql import dialects
from adapters.sql.dialects import Habits
from adapters.sql.query import Reader
from bus.model.messages import OutcomeKind

FOUND, NOT_FOUND = OutcomeKind.FOUND, OutcomeKind.NOT_FOUND
NOT_ANSWERABLE = OutcomeKind.NOT_ANSWERABLE

STRICT = """CREATE TABLE gjj_tq (zjhm CHAR(20), zjlx VARCHAR(3), xm VARCHAR(40), zh VARCHAR(20),
            je NUMERIC(18,2), rq DATE, yy VARCHAR(100))"""
LOOSE = """CREATE TABLE loose (zjhm VARCHAR(200), zjlx VARCHAR(30), xm VARCHAR(200),
           zh VARCHAR(200), je VARCHAR(40), rq VARCHAR(40), yy VARCHAR(200))"""

DAY = date(2024, 6, 15)


def kinds(result: LookupResult) -> list[tuple[int, OutcomeKind, str | None, int]]:
    return [(one.reference, one.kind, one.code, len(one.records)) for one in result.outcomes]


def row(person: Subject, **changes: object) -> list[object]:
    values = {
        "zjhm": person.id_number,
        "zjlx": "111",
        "xm": person.name,
        "zh": f"00{person.reference}",
        "je": Decimal("1200.50"),
        "rq": DAY,
        "yy": "购房",
    }
    return list({**values, **changes}.values())


def loose(person: Subject, **changes: object) -> list[object]:
    return row(person, **{"je": "1200.50", "rq": "2024-06-15", **changes})


@pytest.fixture
def stored(site):
    """Make both tables and fill them."""

    async def fill(strict: list[list[object]] = (), free: list[list[object]] = ()) -> None:
        await site.execute(STRICT, LOOSE)
        if strict:
            # SQLite has no exact numbers: it is given the text of one.
            plain = [[str(one) if isinstance(one, Decimal) else one for one in of] for of in strict]
            await site.insert("gjj_tq", *(plain if site.name == SQLITE else strict))
        if free:
            await site.insert("loose", *free)

    return fill


async def test_known_unknown_homonyms_and_duplicates(site, stored, reading, person, ask, now):
    twice, homonym = person(2), person(3, name="测试4")
    await stored([row(person(1)), row(twice, je=Decimal("0.10")), row(twice), row(person(3))])
    connector = reading(site)
    await connector.check()
    asked = ask(person(1), person(9), twice, homonym, person(2, reference=7), person(4))
    result = await connector.lookup(asked, now)
    assert kinds(result) == [
        (1, FOUND, None, 1),
        (9, NOT_FOUND, None, 0),
        (2, FOUND, None, 2),
        (3, NOT_ANSWERABLE, "NAME_MISMATCH", 0),
        (7, FOUND, None, 2),
        (4, NOT_FOUND, None, 0),
    ]
    assert result.outcomes[0].records == ({"amount": Decimal("1200.50"), "withdrawn_on": DAY},)
    assert result.outcomes[2].records == result.outcomes[4].records
    amounts = {str(record["amount"]) for record in result.outcomes[2].records}
    assert amounts == {"0.10", "1200.50"}
    assert result.remarks == (Remark("NAME_MISMATCH", "gjj_tq.xm", 1),)


@pytest.mark.requirement("R053")
@pytest.mark.parametrize(
    ("days", "count"),
    [
        ((date(2024, 1, 1), date(2024, 12, 31)), 3),
        ((date(2024, 1, 2), date(2024, 12, 30)), 1),
        ((date(2024, 12, 31), date(2024, 12, 31)), 1),
        ((date(2025, 1, 1), date(2025, 12, 31)), 0),
        (None, 3),
    ],
)
async def test_both_ends_of_a_range(site, stored, reading, person, ask, now, days, count):
    ends = (date(2024, 1, 1), DAY, date(2024, 12, 31))
    await stored([row(person(1), rq=day) for day in ends])
    result = await reading(site).lookup(ask(person(1), days=days), now)
    assert kinds(result) == [(1, FOUND if count else NOT_FOUND, None, count)]


async def test_a_row_without_a_day_is_a_doubt_in_a_range_only(
    site, stored, reading, person, ask, now
):
    await stored([row(person(1), rq=None, je=None, yy=None)])
    connector = reading(site)
    everything = ask(person(1), items=("amount", "withdrawn_on", "reason"))
    (outcome,) = (await connector.lookup(everything, now)).outcomes
    assert outcome.records == ({"amount": None, "withdrawn_on": None, "reason": None},)
    ranged = await connector.lookup(ask(person(1), days=(DAY, DAY)), now)
    assert kinds(ranged) == [(1, NOT_ANSWERABLE, "TIME_MISSING", 0)]


@pytest.mark.parametrize("exact", [True, False])
async def test_a_thousand_at_once(site, stored, reading, person, ask, now, exact):
    people = [person(serial) for serial in range(1, 1501)]
    await stored([row(one, je=Decimal(one.reference)) for one in people])
    asked = [person(serial) for serial in range(1001, 2001)]
    result = await reading(site, id_number_exact=exact).lookup(ask(*asked), now)
    assert [one.reference for one in result.outcomes] == list(range(1001, 2001))
    assert all(one.records[0]["amount"] == one.reference for one in result.outcomes[:500])
    assert {one.kind for one in result.outcomes[500:]} == {NOT_FOUND}


async def test_numbers_as_sources_hold_them(site, stored, reading, person, ask, now, number_with_x):
    wide = str.maketrans({code: code + 0xFEE0 for code in range(0x21, 0x7F)})
    held = [
        f" {number_with_x.lower()}  ",
        number_with_x.translate(wide),
        number_with_x.lower().translate(wide),
        f"{number_with_x}   ",
    ]
    asked = person(1, id_number=number_with_x)
    await stored(free=[loose(asked, zjhm=form) for form in held])
    connector = reading(site, table="loose")
    await connector.check()
    for form in (number_with_x, f"{number_with_x.lower()} ", number_with_x.translate(wide)):
        one = person(1, id_number=form)
        assert kinds(await connector.lookup(ask(one), now)) == [(1, FOUND, None, 4)]


async def test_trailing_blanks_of_fixed_width_columns(site, stored, reading, person, ask, now):
    await stored([row(person(1))])
    connector = reading(site, id_number_exact=True)
    await connector.check()
    assert kinds(await connector.lookup(ask(person(1)), now)) == [(1, FOUND, None, 1)]


@pytest.mark.parametrize(
    ("changes", "item"),
    [
        ({"je": "1,200.50"}, "amount"),
        ({"je": "12.345"}, "amount"),
        ({"je": "一千"}, "amount"),
        ({"je": "1e3"}, "amount"),
        ({"rq": "2024-02-30"}, "withdrawn_on"),
        ({"rq": "0000-00-00"}, "withdrawn_on"),
        ({"rq": "99999-01-01"}, "withdrawn_on"),
        ({"yy": "a\x07b"}, "reason"),
    ],
)
async def test_a_value_that_does_not_fit_fails_its_person_alone(
    site, stored, reading, person, ask, now, changes, item
):
    await stored(free=[loose(person(1)), loose(person(1), **changes), loose(person(2))])
    question = ask(person(1), person(2), items=("amount", "withdrawn_on", "reason"))
    result = await reading(site, table="loose").lookup(question, now)
    assert kinds(result) == [(1, NOT_ANSWERABLE, "VALUE_INVALID", 0), (2, FOUND, None, 1)]
    assert result.remarks == (Remark("VALUE_INVALID", f"housing-fund-withdrawal.{item}", 1),)


async def test_amounts_and_days_as_text_are_read(site, stored, reading, person, ask, now):
    forms = [("1200.50 ", "20240615"), ("1200.5", "2024/6/15"), ("1200.50", "2024-06-15 23:59:59")]
    await stored(free=[loose(person(1), je=je, rq=rq) for je, rq in forms])
    result = await reading(site, table="loose").lookup(ask(person(1)), now)
    wanted = {"amount": Decimal("1200.50"), "withdrawn_on": DAY}
    assert result.outcomes[0].records == (wanted, wanted, wanted)


EVIL = [
    "' OR '1'='1",
    '" OR ""="',
    "'; DROP TABLE loose; --",
    "\\'; DROP TABLE loose; --",
    "%",
    "_" * 18,
    "\\",
    "\\\\",
    "%s",
    "%(number)s",
    "$1",
    ":numbers",
    "?",
    "{0}",
    "/* */",
]


@pytest.mark.parametrize("exact", [True, False])
async def test_numbers_and_names_are_only_text(site, stored, reading, person, ask, now, exact):
    evil = [Subject(100 + n, text, "111", text) for n, text in enumerate(EVIL)]
    await stored(free=[loose(person(1))])
    connector = reading(site, table="loose", id_number_exact=exact)
    result = await connector.lookup(ask(*evil, person(1)), now)
    assert {one.kind for one in result.outcomes[:-1]} == {NOT_FOUND}
    assert result.outcomes[-1].kind is FOUND
    await site.insert(
        "loose", *(loose(one, zjhm=one.id_number.upper(), yy=one.name) for one in evil)
    )
    back = await connector.lookup(ask(*evil, items=("reason",)), now)
    assert [one.records for one in back.outcomes] == [({"reason": text},) for text in EVIL]


@pytest.mark.parametrize("odd", ["990000\x00X", "990000\x07", "990000\ud800", "990000\u200b1"])
async def test_a_number_that_is_none_fails_its_person_alone(
    site, stored, reading, person, ask, now, odd
):
    await stored(free=[loose(person(1)), loose(person(2))])
    asked = ask(person(1), person(2, id_number=odd), person(3))
    result = await reading(site, table="loose").lookup(asked, now)
    assert kinds(result) == [
        (1, FOUND, None, 1),
        (2, NOT_ANSWERABLE, "ID_NUMBER_INVALID", 0),
        (3, NOT_FOUND, None, 0),
    ]


# Views that cannot compute a column of theirs for some row.
FAILING = {
    SQLITE: "CREATE VIEW v AS SELECT zjhm, zjlx, xm, zh,"
    " json_extract(je, '$') AS je, rq, yy FROM loose",
    POSTGRESQL: "CREATE VIEW v AS SELECT zjhm, zjlx, xm, zh, je::numeric AS je, rq, yy FROM loose",
    MARIADB: "CREATE VIEW v AS SELECT zjhm, zjlx, xm, zh,"
    " CAST(je AS UNSIGNED) + 18446744073709550000 AS je, rq, yy FROM loose",
}


async def test_a_row_that_the_database_cannot_compute_fails_its_person_alone(
    site, stored, reading, person, ask, now
):
    bad = "9" * 15 if site.name == MARIADB else "garbage"
    people = [person(serial) for serial in range(1, 40)]
    await stored(free=[loose(one, je=bad if one.reference in {5, 30} else "1") for one in people])
    await site.execute(FAILING[site.name])
    connector = reading(site, table="v", not_held=["paid_to", "amount"], columns={
        "name": "xm", "id_type": "zjlx", "id_number": "zjhm", "account": "zh",
        "withdrawn_on": "rq", "reason": "je",
    })  # fmt: skip
    result = await connector.lookup(ask(*people, person(50), items=("reason",)), now)
    failed = [one.reference for one in result.outcomes if one.code == "SOURCE_ROW_FAILED"]
    assert failed == [5, 30]
    assert {one.kind for one in result.outcomes if one.reference not in {5, 30, 50}} == {FOUND}
    assert result.outcomes[-1].kind is NOT_FOUND


async def test_all_chunks_of_a_batch_see_one_state(
    site, stored, reading, person, ask, now, monkeypatch
):
    await stored([row(person(1)), row(person(2))])
    if site.name == SQLITE:
        # Otherwise SQLite makes the writer wait for the reader, which shows the same.
        await site.execute("PRAGMA journal_mode = WAL")
    monkeypatch.setattr(
        dialects,
        "_HABITS",
        dict.fromkeys(("sqlite", "postgresql", "mysql"), Habits(1, takes_list=False)),
    )
    read, seen = Reader._read, []

    async def and_then_it_changes(self, chunk, columns, found):
        await read(self, chunk, columns, found)
        seen.append(len(found.rows))
        await site.execute("DELETE FROM gjj_tq")

    monkeypatch.setattr(Reader, "_read", and_then_it_changes)
    connector = reading(site)
    before = await connector.lookup(ask(person(1), person(2)), now)
    after = await connector.lookup(ask(person(1), person(2)), now)
    assert seen == [1, 2, 0, 0]
    assert [one.kind for one in before.outcomes] == [FOUND, FOUND]
    assert [one.kind for one in after.outcomes] == [NOT_FOUND, NOT_FOUND]


async def test_the_connection_refuses_writes(site, stored, reading):
    await stored()
    connector = reading(site)
    with pytest.raises(Exception, match=r"(?i)read.?only"):
        async with connector.source._engine.begin() as connection:
            await connection.exec_driver_sql("DELETE FROM gjj_tq")


async def test_a_sample_shows_every_mapped_column(site, stored, reading, person):
    await stored([row(person(serial)) for serial in range(1, 6)])
    rows = await reading(site).sample("housing-fund-withdrawal", 3)
    assert len(rows) == 3
    assert {tuple(one) for one in rows} == {("zjhm", "zjlx", "xm", "zh", "je", "rq", "yy")}
    assert {one["yy"] for one in rows} == {"购房"}
    assert await reading(site).sample("housing-fund-account", 3) is None


@pytest.mark.requirement("R072")
async def test_the_as_of_time_of_the_source(site, stored, reading, person, ask, now):
    await stored([row(person(1)), row(person(2), rq=date(2024, 7, 1))])
    result = await reading(site, as_of_column="rq").lookup(ask(person(1)), now)
    assert result.as_of == datetime(2024, 6, 30, 16, tzinfo=UTC)


async def test_types_that_do_not_fit_are_named(site, reading, mismatches_of):
    await site.execute(
        "CREATE TABLE bad (zjhm INTEGER, zjlx REAL, xm DATE, zh DATE, je DATE, rq REAL, yy DATE)"
    )
    assert await mismatches_of(reading(site, table="bad")) == {
        "bad.zjhm (id_number)": "COLUMN_TYPE",
        "bad.zjlx (id_type)": "COLUMN_TYPE",
        "bad.xm (person_name)": "COLUMN_TYPE",
        "bad.xm (name)": "COLUMN_TYPE",
        "bad.zh (account)": "COLUMN_TYPE",
        "bad.je (amount)": "COLUMN_TYPE",
        "bad.rq (withdrawn_on)": "COLUMN_TYPE",
        "bad.yy (reason)": "COLUMN_TYPE",
    }
