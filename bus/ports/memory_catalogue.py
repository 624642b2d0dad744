"""The twin's part of a unit that keeps catalogues; see `CatalogueBooks` for what is promised."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime

from bus.catalog.versions import CatalogueVersion
from bus.model.catalogue_report import FiledReport, ReportState
from bus.ports.catalogue_codec import (
    decode_catalogue,
    decode_report,
    encode_catalogue,
    encode_report,
)
from bus.ports.instants import cut
from bus.ports.memory_tables import MemoryPart


class MemoryCatalogueBooks(MemoryPart):
    """Versions and reports in plain dictionaries."""

    async def put_catalogue(self, version: CatalogueVersion) -> None:
        """Keep a version; one of that number that is there stays."""
        kept = replace(version, since=cut(version.since))
        if kept.version not in self._tables.catalogues:
            self._journal.put(self._tables.catalogues, kept.version, encode_catalogue(kept))

    async def catalogue_at(self, version: int) -> CatalogueVersion | None:
        """Return the newest version whose number is not above the given one, or None."""
        known = [number for number in self._tables.catalogues if number <= version]
        return decode_catalogue(self._tables.catalogues[max(known)]) if known else None

    async def catalogue_after(self, version: int) -> datetime | None:
        """Return since when the next version above a number stood, None where there is none."""
        later = [number for number in self._tables.catalogues if number > version]
        return decode_catalogue(self._tables.catalogues[min(later)]).since if later else None

    async def catalogues(self) -> Sequence[tuple[int, datetime]]:
        """Return the number and the beginning of every version kept, newest first."""
        kept = sorted(self._tables.catalogues.items(), reverse=True)
        return [(number, decode_catalogue(text).since) for number, text in kept]

    async def save_catalogue_report(self, report: FiledReport) -> None:
        """Insert or replace a report, by reporter and number."""
        kept = replace(report, at=cut(report.at))
        key = (kept.reporter, kept.number)
        self._journal.put(self._tables.catalogue_reports, key, encode_report(kept))

    async def catalogue_reports(self) -> Sequence[FiledReport]:
        """Return the newest report of each reporter, by reporter; refused ones are passed over."""
        newest: dict[str, FiledReport] = {}
        for report in self._reports():
            if report.state is not ReportState.REFUSED:
                newest[report.reporter] = report
        return list(newest.values())

    async def catalogue_reports_of(self, reporter: str) -> Sequence[FiledReport]:
        """Return all reports of a reporter, newest number first."""
        return [one for one in self._reports() if one.reporter == reporter][::-1]

    async def catalogue_report_of(self, message: bytes) -> FiledReport | None:
        """Return the report that a message digest names, or None."""
        return next((one for one in self._reports() if one.message == message), None)

    async def catalogue_report_times(self) -> Sequence[tuple[str, datetime]]:
        """Return each reporter and when its newest report that was not refused was entered."""
        return [(one.reporter, one.at) for one in await self.catalogue_reports()]

    async def catalogue_report_mark(self) -> str:
        """Return a word that is another one when a report has come in since."""
        return str(len(self._tables.catalogue_reports))

    def _reports(self) -> list[FiledReport]:
        return [decode_report(text) for _, text in sorted(self._tables.catalogue_reports.items())]
