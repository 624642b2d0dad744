"""Turns a file into the current version of a resource: nothing half-done, nobody held up.

Rows are judged and sealed in pieces off the event loop, and each piece is a short transaction of
its own under the state STAGED; then one transaction makes the version CURRENT and the one before it
SUPERSEDED. A load that was interrupted leaves rows that nothing reads; the next load or the
adapter's own tidying removes them. One load of a resource runs at a time.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from pathlib import Path
from secrets import token_bytes
from uuid import UUID

from adapters.contract import Books
from adapters.upload.mapping import UploadResource
from adapters.upload.read import open_table
from adapters.upload.report import Report, Weight
from adapters.upload.schedule import Period, day_in_china, period_covered
from adapters.upload.validate import Expected, JudgedRow, judged
from adapters.upload.versions import remove_staged
from bus.errors import InputError, UnavailableError
from bus.model.audit import Event
from bus.model.upload import UploadRow, UploadState, UploadVersion
from bus.ports.store import AuditEvent, Unit
from bus.workbook.faults import WorkbookFaults
from schemas.records import encode_record
from schemas.resources import Resource
from signer.uuid7 import uuid7

LEASE_FOR = timedelta(minutes=5)
"""Until another load may begin after one that was interrupted; renewed with each piece."""

IN_USE = "UPLOAD_AGAIN"
"""Code for a file that is in use already."""

Now = Callable[[], datetime]


@dataclass(frozen=True, slots=True)
class Order:
    """What is to be loaded, and how.

    Attributes:
        path: The file.
        entry: The resource's mapping.
        resource: The resource.
        as_of: The day the file's data is true as of.
        period: The period it is for; None: the newest that has ended by then.
        actor: Who loads it, as the audit chain names it.
        skip_faulty: Whether good rows are loaded where others are faulty.
    """

    path: Path
    entry: UploadResource
    resource: Resource
    as_of: date
    period: Period | None
    actor: str
    skip_faulty: bool = False

    @property
    def for_period(self) -> Period:
        """The period the file is for."""
        return self.period or period_covered(self.entry.schedule, self.as_of)


class UploadRefusedError(InputError):
    """A file was not loaded; `report` says why, row by row, and the store is as before."""

    def __init__(self, report: Report) -> None:
        faults = report.count(Weight.FATAL) + report.count(Weight.ERROR)
        if report.loadable:
            remedy_zh = "请更正后重新上传；或以 --skip-faulty 只载入合格的行"
            remedy_en = "Mend the file, or load the good rows alone with --skip-faulty"
        else:
            remedy_zh = "请按报告逐项更正后重新上传"
            remedy_en = "Mend what the report lists, then upload again"
        super().__init__(
            "UPLOAD_REFUSED",
            f"文件有 {faults} 处错误，未载入任何内容",
            f"the file has {faults} fault(s); nothing was loaded",
            remedy_zh=remedy_zh,
            remedy_en=remedy_en,
            where=report.resource,
        )
        self.report = report


def lease_name(resource: str) -> str:
    """Return the name of the lease that a load of a resource holds."""
    return f"upload.{resource}"


def expected_of(order: Order, now: datetime) -> Expected:
    """Return what the file of an order is to hold."""
    return Expected(
        order.resource, order.entry.not_held, order.as_of, order.for_period, day_in_china(now)
    )


def check_file(path: Path, expected: Expected) -> Report:
    """Return the report of a file, without a store.

    Args:
        path: The file.
        expected: What it is to hold.
    """
    report = Report(expected.resource.name)
    try:
        file = open_table(path)
    except WorkbookFaults as error:
        report.take(error.faults)
        return report
    try:
        for _ in judged(file, expected, report):
            pass
    finally:
        file.close()
    return report


async def load(books: Books, order: Order, now: Now) -> tuple[UploadVersion, Report]:
    """Load a file as the current version of its resource.

    Returns:
        The version, and the report with its warnings.

    Raises:
        UploadRefusedError: `UPLOAD_REFUSED`: rows are faulty; nothing has changed.
        InputError: `UPLOAD_AS_OF` for an as-of date to come or before that of the version in use,
            `UPLOAD_AGAIN` for the file that is in use.
        UnavailableError: `UPLOAD_RUNNING` while another load of it runs, or the store is away.
    """
    loading = _Loading(books, order, now, uuid7(now(), token_bytes))
    return await loading.run()


class _Loading:
    """One load."""

    def __init__(self, books: Books, order: Order, now: Now, version: UUID) -> None:
        self._books, self._order, self._now = books, order, now
        self._version = version
        self._report = Report(order.resource.name)
        self._lease = lease_name(order.resource.name)
        self._holder = f"{books.me}:{version}"
        self._key = books.key()
        self._seal = self._key.row_seal(version)
        self._ordinal = 0

    async def run(self) -> tuple[UploadVersion, Report]:
        started = self._now()
        _check_day(self._order, started)
        async with self._books.store.transaction() as unit:
            if not await unit.lease(self._lease, self._holder, started, started + LEASE_FOR):
                raise _running(self._order)
        try:
            await remove_staged(self._books.store, self._order.resource.name)
            return await self._load()
        finally:
            # Where the store is away the lease runs out by itself; what was loaded stands.
            with suppress(UnavailableError):
                async with self._books.store.transaction() as unit:
                    await unit.end_lease(self._lease, self._holder)

    async def _load(self) -> tuple[UploadVersion, Report]:
        try:
            file = await asyncio.to_thread(open_table, self._order.path)
        except WorkbookFaults as error:
            self._report.take(error.faults)
            raise await self._refused(b"") from None
        try:
            version = self._staged(file.digest)
            await self._begin(version)
            pieces = judged(file, expected_of(self._order, self._now()), self._report)
            while (rows := await asyncio.to_thread(self._next, pieces)) is not None:
                await self._put(rows)
        finally:
            await asyncio.to_thread(file.close)
        if not (self._report.loadable and (self._order.skip_faulty or self._report.clean)):
            raise await self._refused(file.digest)
        return await self._finish(version), self._report

    def _staged(self, digest: bytes) -> UploadVersion:
        order, entry = self._order, self._order.entry
        return UploadVersion(
            id=self._version,
            resource=order.resource.name,
            state=UploadState.STAGED,
            period=order.for_period.label,
            as_of=order.as_of,
            received=self._now(),
            digest=digest,
            schema=order.resource.schema.digest,
            rows=0,
            refused=0,
            operator=order.actor,
            leader=entry.leader,
            handler=entry.handler,
        )

    async def _begin(self, version: UploadVersion) -> None:
        async with self._books.store.transaction() as unit:
            for current in await unit.uploads(version.resource, UploadState.CURRENT):
                _check_order(version, current)
            await unit.save_upload(version)

    def _next(self, pieces: Iterator[list[JudgedRow]]) -> list[UploadRow] | None:
        """Return the next piece, sealed; nothing of it where the file is refused already."""
        found = next(pieces, None)
        if found is None:
            return None
        if not self._report.loadable or not (self._order.skip_faulty or self._report.clean):
            return []
        return [self._sealed(row) for row in found]

    def _sealed(self, row: JudgedRow) -> UploadRow:
        self._ordinal += 1
        person = self._key.person_token(row.id_type, row.id_number)
        if row.values is None:
            return UploadRow(person, self._ordinal, None)
        record = encode_record(self._order.resource, row.values)
        return UploadRow(person, self._ordinal, self._seal.seal(record, person, self._ordinal))

    async def _put(self, rows: Sequence[UploadRow]) -> None:
        now = self._now()
        async with self._books.store.transaction() as unit:
            await self._hold_on(unit, now)
            await unit.put_upload_rows(self._version, rows)

    async def _hold_on(self, unit: Unit, now: datetime) -> None:
        held = await unit.lease(self._lease, self._holder, now, now + LEASE_FOR)
        # Gone, where another load took over from us and has ended since.
        ours = await unit.upload(self._version)
        if not held or ours is None or ours.state is not UploadState.STAGED:
            raise _running(self._order)

    async def _finish(self, version: UploadVersion) -> UploadVersion:
        """Put the version into use, and the one before it out of it."""
        now = self._now()
        loaded = replace(
            version,
            state=UploadState.CURRENT,
            received=now,
            rows=self._report.good,
            refused=self._report.refused,
        )
        async with self._books.store.transaction() as unit:
            await self._hold_on(unit, now)
            for current in await unit.uploads(version.resource, UploadState.CURRENT):
                _check_order(version, current)
                ended = replace(current, state=UploadState.SUPERSEDED, ended=now)
                await unit.save_upload(ended)
            await unit.save_upload(loaded)
            await unit.append_audit(
                AuditEvent(
                    now,
                    Event.UPLOAD_LOADED,
                    self._order.actor,
                    None,
                    {
                        "resource": loaded.resource,
                        "version": str(loaded.id),
                        "period": loaded.period,
                        "as_of": loaded.as_of.isoformat(),
                        "rows": loaded.rows,
                        "refused": loaded.refused,
                        "digest": loaded.digest.hex(),
                    },
                )
            )
        return loaded

    async def _refused(self, digest: bytes) -> UploadRefusedError:
        """Remove what was staged, and note that the file was refused."""
        store, report = self._books.store, self._report
        await remove_staged(store, self._order.resource.name)
        detail: dict[str, str | int | None] = {
            "resource": report.resource,
            "rows": report.rows,
            "faults": report.count(Weight.FATAL) + report.count(Weight.ERROR),
            "digest": digest.hex(),
        }
        async with store.transaction() as unit:
            await unit.append_audit(
                AuditEvent(self._now(), Event.UPLOAD_REFUSED, self._order.actor, None, detail)
            )
        return UploadRefusedError(report)


def _check_day(order: Order, now: datetime) -> None:
    if order.as_of > day_in_china(now):
        raise InputError(
            "UPLOAD_AS_OF",
            "数据截至日期尚未到来",
            "the as-of date is still to come",
            remedy_zh="请核对 --as-of",
            remedy_en="Check --as-of",
            where=order.resource.name,
        )


def _check_order(version: UploadVersion, current: UploadVersion) -> None:
    if version.digest == current.digest and version.as_of == current.as_of:
        raise InputError(
            IN_USE,
            "此文件已载入并正在使用",
            "this very file is in use already",
            where=version.resource,
        )
    if version.as_of < current.as_of:
        raise InputError(
            "UPLOAD_AS_OF",
            "数据截至日期早于正在使用的版本",
            "the as-of date lies before that of the version in use",
            remedy_zh="请核对 --as-of；确需改用旧数据时，请先以 hedui upload withdraw 撤回现行版本",
            remedy_en="Check --as-of; to go back to older data, withdraw the version in use first",
            where=version.resource,
        )


def _running(order: Order) -> UnavailableError:
    return UnavailableError(
        "UPLOAD_RUNNING",
        "此信息资源的另一次上传正在进行",
        "another upload of this resource is running",
        remedy_zh="请待其完成后重试；若前一次已中断，五分钟后即可重试",
        remedy_en="Try again when it has ended; after five minutes, where it was interrupted",
        where=order.resource.name,
    )
