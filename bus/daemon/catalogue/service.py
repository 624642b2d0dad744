"""What operators can ask of the catalogue, and a province report to it; the HTTP face calls these.

Nothing here is personal data, so that looking needs no name; a report names an operator and is
audited.
"""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from bus.catalog.catalogue import Catalogue
from bus.catalog.versions import CatalogueVersion, Change, changes
from bus.config.catalogue_report import read_report, report_template
from bus.daemon.office import Office
from bus.daemon.service import Wake
from bus.daemon.work import Work
from bus.errors import InputError
from bus.flow.outcome import Send
from bus.model.audit import Event
from bus.model.catalogue_report import CatalogReport, FiledReport, ReportState
from bus.model.messages import Finding
from bus.ports.instants import cut
from bus.ports.store import Store
from bus.rules.catalogue_report import check_report, check_reporter
from bus.rules.report_due import is_overdue, reporting
from bus.wire.bodies import schema_of, to_avro
from schemas.codes import categories
from schemas.loader import encode
from signer.envelope.kinds import Kind
from signer.identity import HUB
from signer.uuid7 import uuid7


class ReportRefusedError(InputError):
    """The report cannot be listed; `findings` are all its faults. Nothing was sent."""

    def __init__(self, findings: tuple[Finding, ...]) -> None:
        first = findings[0]
        super().__init__(
            first.code,
            f"上报有 {len(findings)} 处错误，未发送；第一处：{first.zh}",
            f"{len(findings)} fault(s), nothing was sent; the first: {first.en}",
            remedy_zh="请更正后重新上报",
            remedy_en="Mend it and report again",
            where=first.where,
        )
        self.findings = findings


@dataclass(frozen=True, slots=True)
class Reporting:
    """How one province stands with its reports (R038).

    `report` is its newest; None when there is none. `listed` tells whether the directory says what
    it says.
    """

    reporter: str
    title: str
    report: FiledReport | None
    listed: bool
    overdue: bool


@dataclass
class CatalogueService:
    """The catalogue at one centre.

    Attributes:
        wake: Called after every commit that may have filled the outbox.
    """

    office: Office
    store: Store
    wake: Wake

    async def catalogue(
        self, version: int | None = None, category: str | None = None
    ) -> CatalogueVersion:
        """Return the catalogue in force, or the one that stood at a directory version.

        Args:
            version: The number; None for the one in force.
            category: Only this category, by code or name.

        Raises:
            InputError: `CATALOGUE_UNKNOWN`: no such version is kept; `CATEGORY_UNKNOWN`.
            UnavailableError: `DIRECTORY_NOT_READ`.
        """
        found = await self._version(version)
        if category is None:
            return found
        kept = found.catalogue
        entries = {entry.resource for entry in kept.named(category)}
        if not entries:
            allowed = "、".join(dict.fromkeys(entry.category_zh for entry in kept.entries))
            raise InputError(
                "CATEGORY_UNKNOWN",
                "资源目录中没有此内容类别",
                "the catalogue has no such category",
                remedy_zh=f"可用：{allowed}",
                remedy_en=f"Use one of: {', '.join(categories())}",
                where=category[:40],
            )
        chosen = tuple(entry for entry in kept.entries if entry.resource in entries)
        return replace(found, catalogue=Catalogue(kept.version, chosen))

    async def versions(self) -> Sequence[tuple[int, datetime]]:
        """Return the versions kept, newest first, each with the instant it began to stand."""
        async with self.store.transaction() as unit:
            return await unit.catalogues()

    async def difference(self, old: int, new: int) -> tuple[Change, ...]:
        """Return what differs between two versions.

        Raises:
            InputError: `CATALOGUE_UNKNOWN`.
        """
        before, after = await self._version(old), await self._version(new)
        return changes(before.catalogue, after.catalogue)

    async def template(self) -> str:
        """Return a report filled from what the directory says now.

        Raises:
            InputError: `REPORT_NOT_PROVINCIAL`.
            UnavailableError: `DIRECTORY_NOT_READ`.
        """
        office = self.office
        _require(check_reporter(office.me, office.directory))
        return report_template(office.me, office.directory, office.resources)

    async def report(self, text: str, operator: str, number: int | None = None) -> FiledReport:
        """Report our resources to the hub; the hub files its own.

        Args:
            text: The report as TOML.
            operator: Who reports.
            number: Its number, where the next one is not it: after a restored backup.

        Raises:
            InputError: `REPORT_FILE`, `REPORT_NOT_NEWER`.
            ReportRefusedError: What the hub would refuse.
            UnavailableError: No directory yet, or no way to the hub.
        """
        office, now = self.office, self.office.clock.now()
        directory, resources = office.directory, office.resources
        agencies = await asyncio.to_thread(read_report, text, resources)
        async with self.store.transaction() as unit:
            sent = await unit.catalogue_reports_of(office.me)
            last = sent[0].number if sent else 0
            if number is not None and number <= last:
                raise InputError(
                    "REPORT_NOT_NEWER",
                    f"上报序号须大于 {last}",
                    f"the number is not above {last}",
                    where=str(number),
                )
            report = CatalogReport(number or last + 1, cut(now), agencies)
            _require(await asyncio.to_thread(check_report, report, office.me, directory, resources))
            work = Work(office, unit, now)
            state, digest = await _hand_in(work, report)
            entered = FiledReport(office.me, report.number, now, state, digest, report)
            work.write(lambda: unit.save_catalogue_report(entered))
            work.note(
                None,
                Event.CATALOGUE_REPORTED,
                f"operator:{operator}",
                number=report.number,
                agencies=len(agencies),
                resources=report.resources,
                report=digest.hex(),
            )
            await work.finish()
        self.wake()
        return entered

    async def reports(self) -> tuple[Reporting, ...]:
        """Return at the hub how each province stands, at a node all its own reports, newest first.

        Raises:
            UnavailableError: `DIRECTORY_NOT_READ`.
        """
        office, now = self.office, self.office.clock.now()
        directory = office.directory
        async with self.store.transaction() as unit:
            if office.me != HUB:
                sent = await unit.catalogue_reports_of(office.me)
                return tuple(self._standing(one.reporter, one, overdue=False) for one in sent)
            newest = {one.reporter: one for one in await unit.catalogue_reports()}
        owing = {province.id for province in reporting(directory)}
        return tuple(
            self._standing(
                name,
                found := newest.get(name),
                overdue=name in owing
                and is_overdue(None if found is None else found.at, office.report_every, now),
            )
            for name in sorted(owing | newest.keys())
        )

    def _standing(self, reporter: str, report: FiledReport | None, *, overdue: bool) -> Reporting:
        directory = self.office.directory
        participant = directory.get(reporter)
        title = reporter if participant is None else participant.title
        listed = report is not None and all(
            (found := directory.get(one.agency)) is not None
            and found.offers == tuple(offer.offer() for offer in one.offers)
            for one in report.report.agencies
        )
        return Reporting(reporter, title, report, listed, overdue)

    async def _version(self, version: int | None) -> CatalogueVersion:
        in_force, directory = self.office.catalogue, self.office.directory
        async with self.store.transaction() as unit:
            found = await unit.catalogue_at(directory.version if version is None else version)
        if version is None or in_force.version <= version <= directory.version:
            stands = found is not None and found.version == in_force.version
            return CatalogueVersion(
                found.since if found is not None and stands else directory.issued, in_force
            )
        if found is None or version > directory.version:
            raise InputError(
                "CATALOGUE_UNKNOWN",
                "没有该版本的资源目录",
                "no catalogue of that version is kept here",
                remedy_zh="请用 hedui catalog versions 查看现有版本",
                remedy_en="Look at the versions with `hedui catalog versions`",
                where=str(version),
            )
        return found


async def _hand_in(work: Work, report: CatalogReport) -> tuple[ReportState, bytes]:
    """Send a report to the hub, or file it where we are the hub; returns what names it."""
    office = work.office
    if office.me == HUB:
        payload = encode(schema_of(Kind.CATALOG_REPORT), to_avro(report))
        return ReportState.FILED, hashlib.sha256(payload).digest()
    send = Send(Kind.CATALOG_REPORT, HUB, report, (HUB,))
    sealed = await work.send(uuid7(work.now, office.entropy), send)
    return ReportState.SENT, sealed.digest


def _require(findings: tuple[Finding, ...]) -> None:
    if findings:
        raise ReportRefusedError(findings)
