"""Each resource's example: its mapping and sample rows, answered from a database by the connector.

The sample rows are written as people read them; the database holds them as the mapping says the
agency does, by its own columns and codes. What comes back must be the sample again, item by item.
"""

from __future__ import annotations

import csv
import sqlite3
import tomllib
from contextlib import closing
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import pytest

from adapters.contract import Lookup, Subject
from adapters.demo.csv_table import Table, read_table
from adapters.sql.connector import SqlConnector
from adapters.sql.mapping import SqlMapping, SqlResource
from bus.model.messages import OutcomeKind
from bus.rules.id_number import check_number
from schemas.codes import id_types
from schemas.records import decode_record, encode_record
from schemas.resources import Item, ItemKind, resources

FOLDER = Path(__file__).resolve().parents[2] / "docs" / "resources" / "examples"
EACH = pytest.mark.parametrize("name", sorted(resources()))

UPDATED = datetime(2026, 1, 31, tzinfo=UTC)
STRANGER = Subject(99, "测试", "111", "990000199001011119")

COLUMN_TYPES = {
    ItemKind.TEXT: "VARCHAR(200)",
    ItemKind.INTEGER: "INTEGER",
    ItemKind.BOOLEAN: "INTEGER",
    ItemKind.DATE: "DATE",
    ItemKind.INSTANT: "DATETIME",
    ItemKind.MONEY: "NUMERIC(18, 2)",
    ItemKind.DECIMAL: "NUMERIC(18, 4)",
}


def entry(name: str) -> dict[str, Any]:
    document = tomllib.loads((FOLDER / f"{name}.toml").read_text("utf-8"))
    (found,) = document["resource"]
    return found


def mapping(folder: Path, *names: str) -> SqlMapping:
    document = {
        "source": {"url": "sqlite+aiosqlite:///agency.db"},
        "resource": [entry(name) for name in names],
    }
    return SqlMapping.from_toml(document, "adapter.toml", folder)


def sample(name: str) -> Table:
    table, faults = read_table(FOLDER / f"{name}.csv", f"{name}.csv", resources()[name])
    assert faults == []
    assert table is not None
    return table


def stored(made: SqlResource, item: Item, text: str) -> object:
    """Return what the agency's table holds for a cell of the sample."""
    if not text:
        return None
    if item.name in made.codes:
        (code,) = [code for code, name in made.codes[item.name].items() if name == text]
        return code
    if item.codes == "id-types" and made.id_types:
        ours = id_types().find(text).code
        (code,) = [code for code, known in made.id_types.items() if known == ours]
        return code
    return ("否", "是").index(text) if item.kind is ItemKind.BOOLEAN else text


def load(connection: sqlite3.Connection, name: str, made: SqlResource) -> None:
    resource = resources()[name]
    items = {column: resource.item(item) for item, column in made.columns.items()}
    columns = [f"{column} {COLUMN_TYPES[item.kind]}" for column, item in items.items()]
    if made.as_of_column:
        columns.append(f"{made.as_of_column} DATETIME")
    connection.execute(f"CREATE TABLE {made.table} ({', '.join(columns)})")
    with (FOLDER / f"{name}.csv").open(encoding="utf-8", newline="") as file:
        for row in csv.DictReader(file):
            values = [stored(made, item, row[item.zh]) for item in items.values()]
            if made.as_of_column:
                values.append("2026-01-31 08:00:00")
            places = ", ".join("?" * len(values))
            connection.execute(f"INSERT INTO {made.table} VALUES ({places})", values)  # noqa: S608 - our own names


@pytest.fixture(scope="module")
def agency(tmp_path_factory) -> Path:
    """A folder with one database that holds every sample as its mapping says."""
    folder = tmp_path_factory.mktemp("agency")
    made = mapping(folder, *resources())
    with closing(sqlite3.connect(folder / "agency.db")) as connection, connection:
        for one in made.resources:
            load(connection, one.name, one)
    return folder


async def test_every_example_fits_the_catalogue_and_its_table(agency):
    connector = SqlConnector(mapping(agency, *resources()), resources())
    await connector.check()
    await connector.close()


@pytest.mark.requirement("R072")
@EACH
async def test_the_sample_comes_back_item_by_item(agency, name, now):
    resource, table = resources()[name], sample(name)
    held = [item.name for item in table.items]
    expected: dict[tuple[str, str, str], list[dict[str, Any]]] = {}
    for row in table.rows:
        record = dict.fromkeys((i.name for i in resource.items), None) | dict(
            zip(held, row, strict=True)
        )
        whose = (record["name"], record["id_type"], record["id_number"])
        expected.setdefault(whose, []).append(record)
    persons = [Subject(number, *whose) for number, whose in enumerate(expected, 1)]
    everything = tuple(item.name for item in resource.items)
    made = mapping(agency, name)
    connector = SqlConnector(made, resources())
    question = Lookup(name, everything, None, None, (*persons, STRANGER))
    result = await connector.lookup(question, now)
    await connector.close()

    *found, nobody = result.outcomes
    assert nobody.kind is OutcomeKind.NOT_FOUND
    assert [one.kind for one in found] == [OutcomeKind.FOUND] * len(expected)
    for outcome, records in zip(found, expected.values(), strict=True):
        given = [decode_record(resource, encode_record(resource, r)) for r in outcome.records]
        assert sorted(map(repr, given)) == sorted(map(repr, records))
    assert result.as_of == (UPDATED if made.resources[0].as_of_column else now)
    assert result.remarks == ()


@pytest.mark.requirement("R053")
@pytest.mark.parametrize("name", sorted(n for n, r in resources().items() if r.time_item))
async def test_a_range_takes_the_records_of_its_days(agency, name, now):
    table = sample(name)
    at = [item.name for item in table.items].index(resources()[name].time_item)
    who = [[item.name for item in table.items].index(i) for i in ("name", "id_type", "id_number")]
    first = table.rows[0]
    day = first[at]
    assert isinstance(day, date)
    person = Subject(1, *(first[index] for index in who))
    own = [row for row in table.rows if row[who[2]] == person.id_number]
    connector = SqlConnector(mapping(agency, name), resources())
    item = (resources()[name].time_item,)
    result = await connector.lookup(Lookup(name, item, day, day, (person,)), now)
    await connector.close()
    assert len(result.outcomes[0].records) == sum(row[at] == day for row in own)


@EACH
def test_a_sample_has_rows_enough_and_something_left_empty(name):
    table = sample(name)
    assert len(table.rows) >= 3
    assert any(value is None for row in table.rows for value in row)


def test_most_samples_have_a_person_twice():
    twice = []
    for name in resources():
        table = sample(name)
        at = [item.name for item in table.items].index("id_number")
        numbers = [row[at] for row in table.rows]
        twice += [name] if len(set(numbers)) < len(numbers) else []
    assert len(twice) > len(resources()) * 2 // 3


@EACH
def test_sample_people_are_nobody_and_their_numbers_are_sound(name):
    table = sample(name)
    for row in table.rows:
        values = {item.name: value for item, value in zip(table.items, row, strict=True)}
        for key, number in values.items():
            if key.endswith("id_number") and number is not None:
                kind = values[key.replace("id_number", "id_type")]
                assert check_number(kind, number, date(2026, 3, 2), key) == ()
                assert kind != "111" or number.startswith("990000")
