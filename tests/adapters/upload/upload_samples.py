"""A department of synthetic people, its files, and an agency that answers from them."""

from __future__ import annotations

import csv
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from io import BytesIO, StringIO
from pathlib import Path

from openpyxl import load_workbook

from adapters.contract import Books, Lookup, Setup, Subject
from adapters.upload.connector import UploadConnector, open_connector
from adapters.upload.load import Order, load
from adapters.upload.mapping import UploadMapping, upload_mapping
from adapters.upload.template import DATA_SHEET, template
from bus.logs.setup import Logger, make_logger
from bus.metrics.catalogue import Metrics
from bus.model.upload import UploadVersion
from bus.ports.memory_store import MemoryStore
from bus.ports.store import Store
from bus.rules.id_number import check_digit
from schemas.resources import Resource, resources
from signer.storekey import StoreKey

NOW = datetime(2026, 7, 3, 2, 0, tzinfo=UTC)
"""Ten in the morning of 3 July in China."""

AS_OF = date(2026, 6, 30)
RESOURCE = "housing-fund-withdrawal"
OPERATOR = "operator:王芳"
ME = "320000.housing-fund"


def number(serial: int) -> str:
    """A valid number of somebody who does not exist."""
    body = f"990000{date(1960, 1, 1) + timedelta(days=serial % 15000):%Y%m%d}{serial % 1000:03}"
    return body + check_digit(body)


def withdrawal(serial: int = 1, **changed: object) -> dict[str, object]:
    """One row as a department writes it, by item."""
    row: dict[str, object] = {
        "name": f"样本{serial}",
        "id_type": "居民身份证",
        "id_number": number(serial),
        "account": f"00{serial:04}",
        "amount": "1200.50",
        "withdrawn_on": "2026-05-04",
        "reason": "购买住房",
        "paid_to": None,
    }
    return {**row, **changed}


def quiet() -> tuple[Metrics, Logger]:
    """Metrics and a log that nobody reads."""
    return Metrics(ME), make_logger(ME, StringIO())


def known(name: str = RESOURCE) -> Resource:
    return resources()[name]


def csv_file(
    path: Path,
    rows: Iterable[dict[str, object]],
    *,
    titles: Sequence[str] | None = None,
    encoding: str = "utf-8",
    delimiter: str = ",",
    resource: Resource | None = None,
) -> Path:
    """Write a department's CSV file."""
    items = (resource or known()).items
    with path.open("w", encoding=encoding, newline="") as out:
        writer = csv.writer(out, delimiter=delimiter)
        writer.writerow(titles or [item.zh for item in items])
        writer.writerows([row.get(item.name, "") for item in items] for row in rows)
    return path


def xlsx_file(path: Path, rows: Iterable[dict[str, object]], change=lambda _: None) -> Path:
    """Fill the template as a department does, by openpyxl."""
    workbook = load_workbook(BytesIO(template(known())))
    sheet = workbook[DATA_SHEET]
    names = [item.name for item in known().items]
    for at, row in enumerate(rows, 2):
        for column, name in enumerate(names, 1):
            if row.get(name) is not None:
                sheet.cell(at, column, row[name])
    change(workbook)
    workbook.save(path)
    return path


@dataclass
class Agency:
    """An agency whose department uploads; its store is the twin unless another is given."""

    folder: Path
    store: Store = field(default_factory=MemoryStore)
    source: dict[str, object] = field(default_factory=dict)
    entry: dict[str, object] = field(default_factory=dict)
    key: StoreKey = field(default_factory=StoreKey.ephemeral)

    def __post_init__(self) -> None:
        self.books = Books(ME, self.store, lambda: self.key)
        source = {"kind": "upload", **self.source}
        entry = {"name": RESOURCE, "schedule": "monthly", **self.entry}
        document = {"source": source, "resource": [entry]}
        self.setup = Setup(document, "adapter.toml", self.folder, resources(), self.books)
        self.mapping: UploadMapping = upload_mapping(self.setup)
        self.connector: UploadConnector = open_connector(self.setup)

    def order(self, path: Path, **changed: object) -> Order:
        given = {"as_of": AS_OF, "period": None, "actor": OPERATOR, **changed}
        return Order(path, self.mapping.resources[0], known(), **given)

    async def load(self, path: Path, *, now: datetime = NOW, **changed: object) -> UploadVersion:
        version, _ = await load(self.books, self.order(path, **changed), lambda: now)
        return version

    async def ask(self, *serials: int, items=("amount",), now=NOW, time_range=(None, None), **who):
        persons = tuple(
            Subject(
                at,
                who.get("name", f"样本{serial}"),
                who.get("id_type", "111"),
                who.get("id_number", number(serial)),
            )
            for at, serial in enumerate(serials, 1)
        )
        return await self.connector.lookup(Lookup(RESOURCE, items, *time_range, persons), now)

    async def events(self) -> list[tuple[str, str, dict[str, object]]]:
        async with self.store.transaction() as unit:
            entries = await unit.audit(0, 100)
        return [(one.event.event, one.event.actor, dict(one.event.detail)) for one in entries]
