"""What the application did not name never leaves the agency: looked for at the bytes, everywhere.

A marker stands in an item that the agency's source has and nobody asked for. After the query has
been answered it may be in no topic, in no answer that the requester opened, nowhere in the
agency's store, in no log and no metric. What was asked for is marked too, and must have arrived.
"""

from __future__ import annotations

import sqlite3
from contextlib import closing
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from io import StringIO

import pytest
from daemon_deeds import bodies, case_of, clean, events, submit_draft
from prometheus_client import generate_latest

from adapters.contract import LookupResult, Remark, SourceUnavailableError, SubjectOutcome
from adapters.country import country as whole
from adapters.country.country import offers
from adapters.sql.connector import SqlConnector
from adapters.sql.mapping import SqlMapping
from bus.model.audit import Event
from bus.model.case import QueryState
from bus.model.messages import OutcomeKind
from bus.model.request import DraftLine
from bus.ports.memory_store import MemoryStore
from bus.store.store import SqlStore
from schemas.records import decode_record
from schemas.resources import resources
from signer.envelope.kinds import Kind

AGENCY = "320000.housing-fund"
ACCOUNT = "housing-fund-account"
PARENTS = {"hub": None, "370000": "hub", "320000": "hub", AGENCY: "320000"}
LINES = (DraftLine(1, "320000", "housing-fund", ("balance",), None, None),)
NOW = datetime(2026, 3, 2, 2, 0, tzinfo=UTC)
PAUSE = timedelta(minutes=2)
SECRET = "ZX990000MARKE"
ASKED = Decimal("8675309.42")


@pytest.fixture
async def land(tmp_path):
    log = StringIO()
    file = tmp_path / "agency.db"

    def store_of(name):
        return SqlStore(f"sqlite+aiosqlite:///{file}") if name == AGENCY else MemoryStore()

    made = whole.make_country(
        PARENTS,
        {AGENCY: offers((ACCOUNT,))},
        NOW,
        store_of=store_of,
        log=log,
    )
    made.log, made.file = log, file
    await made.start()
    yield made
    await made.stop()


def everywhere(land):
    """All bytes that anybody could come to see without a key, and the agency's store."""
    topics = b"".join(
        (record.key or b"") + (record.value or b"") + b"".join(v for _, v in record.headers)
        for topic in list(land.cluster.topics)
        for record in land.cluster.records(topic)
    )
    store = b"".join(
        path.read_bytes() for path in land.file.parent.glob(f"{land.file.name}*") if path.is_file()
    )
    metrics = b"".join(generate_latest(desk.step.metrics.registry) for desk in land.desks.values())
    return {
        "topics": topics,
        "store": store,
        "metrics": metrics,
        "log": land.log.getvalue().encode(),
    }


async def told(land, query):
    """What the requester read, in clear: every record's bytes and values."""
    answers = await bodies(land, "370000", query, Kind.ANSWER)
    outcomes = [one for answer in answers for one in answer.outcomes]
    records = [record for one in outcomes for record in one.records]
    values = [decode_record(resources()[ACCOUNT], record) for record in records]
    return outcomes, values, b"".join(records) + repr(answers).encode()


def nowhere(land, query, plaintext):
    found = everywhere(land) | {"plaintext": plaintext}
    # Where nothing is, nothing would be found.
    assert all(found[place] for place in ("topics", "metrics", "plaintext"))
    assert query.bytes in found["store"] or query.hex.encode() in found["store"]
    for place, data in found.items():
        assert SECRET.encode() not in data, place
        assert SECRET.encode("utf-16-le") not in data, place


async def asked(land, make_draft, persons=3):
    query = await submit_draft(land, make_draft(persons, lines=LINES))
    await land.settle()
    return query


@pytest.mark.requirement("R052")
async def test_what_a_mapping_offers_beyond_the_application_stays_at_the_agency(
    land, make_draft, tmp_path
):
    people = make_draft(3).persons
    file = tmp_path / "fund.sqlite"
    with closing(sqlite3.connect(file)) as database, database:
        database.execute("CREATE TABLE gjj (zjhm TEXT, xm TEXT, zt TEXT, ye NUMERIC, zh TEXT)")
        database.executemany(
            "INSERT INTO gjj VALUES (?, ?, ?, ?, ?)",
            [(p.id_number, p.name, SECRET, str(ASKED), SECRET) for p in people],
        )
    entry = {
        "name": ACCOUNT,
        "table": "gjj",
        "id_number": "zjhm",
        "person_name": "xm",
        "columns": {
            "name": "xm",
            "id_number": "zjhm",
            "status": "zt",
            "balance": "ye",
            "account": "zh",
        },
        "not_held": ["id_type", "opened_on", "monthly_deposit"],
    }
    source = {"url": "sqlite+aiosqlite:///fund.sqlite"}
    mapping = SqlMapping.from_toml(
        {"source": source, "resource": [entry]}, "adapter.toml", tmp_path
    )
    connector = SqlConnector(mapping, resources())
    await connector.check()
    land[AGENCY].answering.source.connector = connector
    try:
        query = await asked(land, make_draft)
    finally:
        await connector.close()
    assert (await case_of(land, "370000", query)).state is QueryState.DELIVERED
    outcomes, values, plaintext = await told(land, query)
    assert [one.outcome for one in outcomes] == [OutcomeKind.FOUND] * 3
    assert [value["balance"] for value in values] == [ASKED] * 3
    assert {value["account"] for value in values} == {None}
    nowhere(land, query, plaintext)
    assert await clean(land)


class Hostile:
    """A connector that puts what nobody asked for wherever it can."""

    def __init__(self, how):
        self.how, self.lookups = how, 0

    async def check(self):
        return

    async def lookup(self, lookup, now):
        self.lookups += 1
        if self.how == "raises" and self.lookups == 1:
            raise SourceUnavailableError(SECRET, SECRET, SECRET, where=SECRET)
        if self.how == "fails" and self.lookups == 1:
            raise RuntimeError(SECRET)
        outcomes = [self._of(person) for person in lookup.persons]
        return LookupResult(now, tuple(outcomes), (Remark(SECRET, SECRET, 1),))

    def _of(self, person):
        record = {"balance": ASKED}
        if person.reference != 1:
            return SubjectOutcome(person.reference, OutcomeKind.FOUND, None, (record,))
        match self.how:
            case "item":
                extra = record | {"account": SECRET}
                return SubjectOutcome(1, OutcomeKind.FOUND, None, (record, extra))
            case "name":
                return SubjectOutcome(1, OutcomeKind.FOUND, None, ({**record, SECRET: 1},))
            case "value":
                return SubjectOutcome(1, OutcomeKind.FOUND, None, ({"balance": SECRET},))
            case _:
                return SubjectOutcome(1, OutcomeKind.NOT_ANSWERABLE, SECRET)

    async def close(self):
        return


@pytest.mark.requirement("R052")
@pytest.mark.parametrize(
    ("how", "code"),
    [
        ("item", "ITEM_UNASKED"),
        ("name", "ITEM_UNASKED"),
        ("value", "VALUE_INVALID"),
        ("code", "CODE_UNSAFE"),
        ("raises", "CODE_UNSAFE"),
        ("fails", "CODE_UNSAFE"),
    ],
)
async def test_what_a_hostile_connector_returns_beyond_the_application_stays_at_the_agency(
    land, make_draft, how, code
):
    desk = land[AGENCY]
    desk.answering.source.connector = Hostile(how)
    query = await asked(land, make_draft)
    # Past the pauses of a source that failed, or of a row.
    await land.advance(land.clock.now() + PAUSE)
    assert (await case_of(land, "370000", query)).state is QueryState.DELIVERED
    outcomes, values, plaintext = await told(land, query)
    assert [(one.outcome, one.code) for one in outcomes] == [
        (OutcomeKind.NOT_ANSWERABLE, code),
        (OutcomeKind.FOUND, None),
        (OutcomeKind.FOUND, None),
    ]
    assert [value["balance"] for value in values] == [ASKED] * 2
    nowhere(land, query, plaintext)
    withheld = desk.step.metrics.registry.get_sample_value(
        "hedui_disclosure_withheld_total", {"code": code}
    )
    assert withheld == 1
    (done,) = [e for e in await events(land, AGENCY) if e.event == Event.LOOKUP_DONE]
    assert (done.detail["found"], done.detail["not_answerable"]) == (2, 1)
    assert done.detail["attempts"] == (2 if how in {"raises", "fails"} else 1)
