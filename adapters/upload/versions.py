"""What becomes of versions: taken back, destroyed on their date, cleared away half-loaded.

Rows go in bites, each a short transaction, so that a daemon beside it is never held up for long.
The version itself stays, as the record of what was answered from.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta
from uuid import UUID

from bus.errors import InputError
from bus.model.audit import Event
from bus.model.upload import UploadState, UploadVersion
from bus.ports.store import AuditEvent, Store

_BITE = 2_000
"""Rows removed in one transaction."""

_LONGEST_REASON = 200


async def withdraw(
    store: Store, version: UUID, reason: str, actor: str, now: datetime
) -> tuple[UploadVersion, UploadVersion | None]:
    """Take the version in use back; the newest one before it whose rows are here is used again.

    Args:
        store: The adapter's store.
        version: The version.
        reason: Why; no personal data.
        actor: Who, as the audit chain names it.
        now: The present instant.

    Returns:
        The version that was withdrawn, and the one in use now, None where there is none.

    Raises:
        InputError: `UPLOAD_UNKNOWN`, `UPLOAD_NOT_CURRENT`, `REASON_MISSING`.
    """
    why = reason.strip()
    if not why or len(why) > _LONGEST_REASON or not why.isprintable():
        raise InputError(
            "REASON_MISSING",
            f"请写明撤回原因，不超过 {_LONGEST_REASON} 字，不得含个人信息",
            f"give the reason, in at most {_LONGEST_REASON} characters, without personal data",
            where="--reason",
        )
    async with store.transaction() as unit:
        found = await unit.upload(version)
        if found is None:
            raise InputError(
                "UPLOAD_UNKNOWN",
                "没有此上传版本",
                "there is no such version",
                remedy_zh="请用 hedui upload list 查看",
                remedy_en="See hedui upload list",
                where=str(version),
            )
        if found.state is not UploadState.CURRENT:
            raise InputError(
                "UPLOAD_NOT_CURRENT",
                "只能撤回正在使用的版本",
                "only the version in use can be withdrawn",
                remedy_zh="请用 hedui upload list 查看",
                remedy_en="See hedui upload list",
                where=str(version),
            )
        gone = replace(found, state=UploadState.WITHDRAWN, ended=now, reason=why)
        earlier = await unit.uploads(found.resource, UploadState.SUPERSEDED)
        former = next((one for one in earlier if one.destroyed is None), None)
        back = None
        if former is not None:
            back = replace(former, state=UploadState.CURRENT, ended=None)
            await unit.save_upload(back)
        await unit.save_upload(gone)
        detail = {
            "resource": gone.resource,
            "version": str(gone.id),
            "current": "" if back is None else str(back.id),
            "reason": why,
        }
        await unit.append_audit(AuditEvent(now, Event.UPLOAD_WITHDRAWN, actor, None, detail))
    return gone, back


async def destroy_due(store: Store, me: str, keep: timedelta, now: datetime) -> int:
    """Destroy the rows of versions that ended so long ago; returns how many versions.

    Args:
        store: The adapter's store.
        me: The participant, for the audit chain.
        keep: How long rows are kept after their version has ended.
        now: The present instant.
    """
    async with store.transaction() as unit:
        versions = await unit.uploads()
    ended = [one for one in versions if one.ended is not None and one.ended + keep <= now]
    marked = 0
    for version in ended:
        # Marked first: a version that is going may never be put into use again.
        marked += await _mark_destroyed(store, version.id, me, now)
        await _remove_rows(store, version.id)
    return marked


async def _mark_destroyed(store: Store, version: UUID, me: str, now: datetime) -> bool:
    """Note that a version's rows go; returns whether that is new."""
    async with store.transaction() as unit:
        found = await unit.upload(version)
        if found is None or found.ended is None or found.destroyed is not None:
            return False
        await unit.save_upload(replace(found, destroyed=now))
        detail: dict[str, str | int | None] = {
            "resource": found.resource,
            "version": str(version),
            "rows": found.rows,
        }
        await unit.append_audit(AuditEvent(now, Event.UPLOAD_DESTROYED, me, None, detail))
    return True


async def remove_staged(store: Store, resource: str) -> None:
    """Clear away what an interrupted load of a resource left. To be called under its lease."""
    async with store.transaction() as unit:
        left = await unit.uploads(resource, UploadState.STAGED)
    for version in left:
        await _remove_rows(store, version.id)
        async with store.transaction() as unit:
            await unit.drop_upload(version.id)


async def _remove_rows(store: Store, version: UUID) -> None:
    while True:
        async with store.transaction() as unit:
            first = await unit.first_upload_row(version)
            if not first:
                return
            await unit.drop_upload_rows(version, first + _BITE - 1)
