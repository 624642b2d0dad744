"""The catalogue (资源目录) as operators see it: entries, versions, differences, reports."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Annotated

from pydantic import Field

from bus.api.body import Answered
from bus.model.catalogue_report import ReportState

if TYPE_CHECKING:
    # The command line reads these models too and must not load a whole daemon for them.
    from bus.catalog.catalogue import Entry, Provider
    from bus.catalog.versions import CatalogueVersion, Change
    from bus.daemon.catalogue.service import Reporting
    from bus.model.catalogue_report import FiledReport


class CatalogueOfferBody(Answered):
    """What one agency answers of a resource; codes are those of `schemas/codes`."""

    provider: str
    provider_title: str
    area: Annotated[str, Field(description="hub 或省份代码 / hub, or a province's code")]
    items: tuple[str, ...]
    term_working_days: Annotated[int, Field(description="反馈期限，工作日 / Feedback term")]
    level: Annotated[str, Field(description="层级代码 / Level")]
    range: Annotated[str | None, Field(description="时间范围能力，未说明为空 / Time ranges")]
    back_months: Annotated[int | None, Field(description="可追溯月数 / Months it reaches back")]
    updates: Annotated[str | None, Field(description="更新周期代码 / Update schedule")]
    mode: Annotated[str, Field(description="方式代码 / Mode")]

    @classmethod
    def of(cls, provider: Provider, entry: Entry) -> CatalogueOfferBody:
        """Return the body of a provider's part of an entry, its items by their Chinese names."""
        return cls(
            provider=provider.adapter,
            provider_title=provider.title,
            area=provider.area,
            items=tuple(item.zh for item in entry.items if item.name in provider.items),
            term_working_days=provider.term_working_days,
            level=str(provider.level),
            range=None if provider.range is None else str(provider.range),
            back_months=provider.back_months,
            updates=provider.updates,
            mode=str(provider.mode),
        )


class CatalogueEntryBody(Answered):
    """One resource of the catalogue, by its Chinese names."""

    resource: str
    title: str
    category: str
    category_title: str
    items: tuple[str, ...]
    providers: tuple[str, ...]
    offers: tuple[CatalogueOfferBody, ...] = ()

    @classmethod
    def of(cls, entry: Entry) -> CatalogueEntryBody:
        """Return the body of a catalogue entry."""
        return cls(
            resource=entry.resource,
            title=entry.zh,
            category=entry.category,
            category_title=entry.category_zh,
            items=tuple(item.zh for item in entry.items),
            providers=tuple(provider.adapter for provider in entry.providers),
            offers=tuple(CatalogueOfferBody.of(one, entry) for one in entry.providers),
        )


class CatalogueBody(Answered):
    """One version of the catalogue, and since when it stands."""

    version: int
    since: datetime
    entries: tuple[CatalogueEntryBody, ...]

    @classmethod
    def of(cls, kept: CatalogueVersion) -> CatalogueBody:
        """Return the body of a version."""
        entries = tuple(CatalogueEntryBody.of(entry) for entry in kept.catalogue.entries)
        return cls(version=kept.version, since=kept.since, entries=entries)


class CatalogueVersionBody(Answered):
    """A version that is kept, and since when it stood."""

    version: int
    since: datetime


class CatalogueChangeBody(Answered):
    """One difference between two versions: ADDED, WITHDRAWN or CHANGED."""

    what: str
    resource: str
    agency: str
    fields: tuple[str, ...]

    @classmethod
    def of(cls, change: Change) -> CatalogueChangeBody:
        """Return the body of a difference."""
        return cls(
            what=change.what,
            resource=change.resource,
            agency=change.agency,
            fields=change.fields,
        )


class CatalogueReportBody(Answered):
    """A report of a province (资源目录上报)."""

    reporter: str
    number: int
    at: datetime
    state: ReportState
    agencies: int
    resources: int
    code: str | None
    zh: str
    en: str

    @classmethod
    def of(cls, filed: FiledReport) -> CatalogueReportBody:
        """Return the body of a report in the books."""
        return cls(
            reporter=filed.reporter,
            number=filed.number,
            at=filed.at,
            state=filed.state,
            agencies=len(filed.report.agencies),
            resources=filed.report.resources,
            code=filed.code,
            zh=filed.zh,
            en=filed.en,
        )


class CatalogueReportingBody(Answered):
    """How a province stands with its reports (R038)."""

    reporter: str
    title: str
    report: CatalogueReportBody | None
    listed: Annotated[bool, Field(description="目录已按此列出 / The directory says what it says")]
    overdue: Annotated[bool, Field(description="逾期未报 / It has been silent too long")]

    @classmethod
    def of(cls, standing: Reporting) -> CatalogueReportingBody:
        """Return the body of how a province stands."""
        report = standing.report
        return cls(
            reporter=standing.reporter,
            title=standing.title,
            report=None if report is None else CatalogueReportBody.of(report),
            listed=standing.listed,
            overdue=standing.overdue,
        )
