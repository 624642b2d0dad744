"""The upload connector passes the kit on what a department handed in."""

from __future__ import annotations

import csv
from datetime import date

import pytest

from adapters.contract import Books, Setup
from adapters.kit.report import Verdict
from adapters.upload.connector import open_connector
from adapters.upload.load import Order, load
from bus.ports.memory_store import MemoryStore
from schemas.resources import resources
from signer.storekey import StoreKey

NAME = "housing-fund-withdrawal"
HELD = [item for item in resources()[NAME].items if item.name != "paid_to"]


def row(serial, number, day):
    cells = {
        "name": f"测试{serial}",
        "id_type": "居民身份证",
        "id_number": number(serial),
        "account": f"00{serial}",
        "amount": "1200",
        "withdrawn_on": str(day),
        "reason": "购房",
    }
    return [cells[item.name] for item in HELD]


@pytest.fixture
async def connector(tmp_path, number, now):
    """A department's thirty people, the first with a second row on the day after."""
    rows = [row(serial, number, date(2024, 6, serial)) for serial in range(1, 31)]
    path = tmp_path / "handed-in.csv"
    with path.open("w", encoding="utf-8", newline="") as out:
        csv.writer(out).writerows(
            [[item.zh for item in HELD], *rows, row(1, number, date(2024, 6, 2))]
        )
    store, key = MemoryStore(), StoreKey.ephemeral()
    await store.open()
    books = Books("320000.housing-fund", store, lambda: key)
    entry = {"name": NAME, "schedule": "monthly", "not_held": ["paid_to"]}
    document = {"source": {"kind": "upload"}, "resource": [entry]}
    made = open_connector(Setup(document, "adapter.toml", tmp_path, resources(), books))
    mapped = made.mapping.resources[0]
    order = Order(path, mapped, resources()[NAME], date(2026, 2, 28), None, "operator:王芳")
    await load(books, order, lambda: now)
    yield made
    await made.close()
    await store.close()


@pytest.mark.requirement("R112")
async def test_upload(connector, run, known, ended):
    report = await run(connector, known())
    assert report.passes(), report.plain()
    # It is on no network: nothing is down or silent but the store, which is the adapter's own.
    assert set(ended(report, Verdict.NOT_APPLICABLE)) == {"K17", "K18"}
    # Rows are found by person only; nothing can be shown without one.
    assert set(ended(report, Verdict.NOT_SHOWN)) == {"K16"}
