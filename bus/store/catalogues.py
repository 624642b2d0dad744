"""Which versions of the catalogue were there, and what has each province reported?"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import and_, bindparam, func, select

from bus.catalog.versions import CatalogueVersion
from bus.model.catalogue_report import FiledReport, ReportState
from bus.ports.catalogue_codec import (
    decode_catalogue,
    decode_report,
    encode_catalogue,
    encode_report,
)
from bus.ports.instants import cut
from bus.store.conflicts import insert_or_keep, insert_or_replace
from bus.store.statements import Statements
from bus.store.tables import catalogue_reports, catalogues

# An application came in: what did it see?
FIND_AT = (
    select(catalogues.c.body)
    .where(catalogues.c.version <= bindparam("version"))
    .order_by(catalogues.c.version.desc())
    .limit(1)
)

# And how long has that been over?
FIND_AFTER = (
    select(catalogues.c.since)
    .where(catalogues.c.version > bindparam("version"))
    .order_by(catalogues.c.version)
    .limit(1)
)

# For the operator's list.
LIST_VERSIONS = select(catalogues.c.version, catalogues.c.since).order_by(
    catalogues.c.version.desc()
)

_NEWEST = (
    select(
        catalogue_reports.c.reporter,
        func.max(catalogue_reports.c.number).label("number"),
    )
    .where(catalogue_reports.c.state != str(ReportState.REFUSED))
    .group_by(catalogue_reports.c.reporter)
    .subquery()
)
_IS_NEWEST = and_(
    catalogue_reports.c.reporter == _NEWEST.c.reporter,
    catalogue_reports.c.number == _NEWEST.c.number,
)

# For the directory, when something has changed, and for the operator's list.
LIST_NEWEST = (
    select(catalogue_reports.c.body)
    .join(_NEWEST, _IS_NEWEST)
    .order_by(catalogue_reports.c.reporter)
)

# At each scrape: who is overdue?
LIST_TIMES = (
    select(catalogue_reports.c.reporter, catalogue_reports.c.at)
    .join(_NEWEST, _IS_NEWEST)
    .order_by(catalogue_reports.c.reporter)
)

# A report came in, or an operator looks.
LIST_OF_REPORTER = (
    select(catalogue_reports.c.body)
    .where(catalogue_reports.c.reporter == bindparam("reporter"))
    .order_by(catalogue_reports.c.number.desc())
)

# The hub answered a message with a Problem.
FIND_BY_MESSAGE = select(catalogue_reports.c.body).where(
    catalogue_reports.c.message == bindparam("message")
)

# Every second, by whoever publishes the directory.
MARK = select(func.count().label("reports")).select_from(catalogue_reports)


class Catalogues(Statements):
    """The catalogues and reports of a unit; see `CatalogueBooks`."""

    async def put_catalogue(self, version: CatalogueVersion) -> None:
        """Keep a version; one of that number that is there stays."""
        values = {
            "version": version.version,
            "since": cut(version.since),
            "body": encode_catalogue(version),
        }
        await self._write(insert_or_keep(catalogues, self._dialect), values)

    async def catalogue_at(self, version: int) -> CatalogueVersion | None:
        """Return the newest version whose number is not above the given one, or None."""
        row = await self._row(FIND_AT, {"version": version})
        return None if row is None else decode_catalogue(row["body"])

    async def catalogue_after(self, version: int) -> datetime | None:
        """Return since when the next version above a number stood, None where there is none."""
        row = await self._row(FIND_AFTER, {"version": version})
        return None if row is None else row["since"]

    async def catalogues(self) -> Sequence[tuple[int, datetime]]:
        """Return the number and the beginning of every version kept, newest first."""
        return [(row["version"], row["since"]) for row in await self._rows(LIST_VERSIONS, {})]

    async def save_catalogue_report(self, report: FiledReport) -> None:
        """Insert or replace a report, by reporter and number."""
        values = {
            "reporter": report.reporter,
            "number": report.number,
            "at": cut(report.at),
            "state": str(report.state),
            "message": report.message,
            "body": encode_report(report),
        }
        await self._write(insert_or_replace(catalogue_reports, self._dialect), values)

    async def catalogue_reports(self) -> Sequence[FiledReport]:
        """Return the newest report of each reporter, by reporter; refused ones are passed over."""
        return [decode_report(row["body"]) for row in await self._rows(LIST_NEWEST, {})]

    async def catalogue_reports_of(self, reporter: str) -> Sequence[FiledReport]:
        """Return all reports of a reporter, newest number first."""
        rows = await self._rows(LIST_OF_REPORTER, {"reporter": reporter})
        return [decode_report(row["body"]) for row in rows]

    async def catalogue_report_of(self, message: bytes) -> FiledReport | None:
        """Return the report that a message digest names, or None."""
        row = await self._row(FIND_BY_MESSAGE, {"message": message})
        return None if row is None else decode_report(row["body"])

    async def catalogue_report_times(self) -> Sequence[tuple[str, datetime]]:
        """Return each reporter and when its newest report that was not refused was entered."""
        return [(row["reporter"], row["at"]) for row in await self._rows(LIST_TIMES, {})]

    async def catalogue_report_mark(self) -> str:
        """Return a word that is another one when a report has come in since."""
        row = await self._row(MARK, {})
        return "" if row is None else str(row["reports"])
