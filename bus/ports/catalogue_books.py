"""What a centre's books hold of the catalogue: its versions, and the provinces' reports."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Protocol

from bus.catalog.versions import CatalogueVersion
from bus.model.catalogue_report import FiledReport


class CatalogueBooks(Protocol):
    """Versions of the catalogue (R020, R036), and reports on its content (R037, R038)."""

    async def put_catalogue(self, version: CatalogueVersion) -> None:
        """Keep a version; one of that number that is there stays."""
        ...

    async def catalogue_at(self, version: int) -> CatalogueVersion | None:
        """Return the newest version whose number is not above the given one, or None."""
        ...

    async def catalogue_after(self, version: int) -> datetime | None:
        """Return since when the next version above a number stood, None where there is none."""
        ...

    async def catalogues(self) -> Sequence[tuple[int, datetime]]:
        """Return the number and the beginning of every version kept, newest first."""
        ...

    async def save_catalogue_report(self, report: FiledReport) -> None:
        """Insert or replace a report, by reporter and number."""
        ...

    async def catalogue_reports(self) -> Sequence[FiledReport]:
        """Return the newest report of each reporter, by reporter; refused ones are passed over."""
        ...

    async def catalogue_reports_of(self, reporter: str) -> Sequence[FiledReport]:
        """Return all reports of a reporter, newest number first."""
        ...

    async def catalogue_report_of(self, message: bytes) -> FiledReport | None:
        """Return the report that a message digest names, or None."""
        ...

    async def catalogue_report_times(self) -> Sequence[tuple[str, datetime]]:
        """Return each reporter and when its newest report that was not refused was entered."""
        ...

    async def catalogue_report_mark(self) -> str:
        """Return a word that is another one when a report has come in since."""
        ...
