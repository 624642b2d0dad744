"""Hands lists out: a file for each task, an entry in the books and in the audit chain.

A file is written before its entry: one without an entry is a stray copy that is made again, an
entry without its file would be a task that nobody works on.
"""

from __future__ import annotations

import asyncio
import hashlib
import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from uuid import UUID

from adapters.host.desk import Desk
from adapters.medium.connector import agency_keys
from adapters.medium.contents import QueryContents, query_bytes
from adapters.returns.tasks import MEDIUM, Blocked, OpenTask, list_mapping, open_tasks
from adapters.template.task import ListTask
from adapters.template.workbook import list_workbook
from bus.cli.files import write_file
from bus.errors import ConfigError, DefectError, InputError
from bus.model.audit import Event
from bus.model.returns import HandedOut
from bus.ports.instants import cut
from signer.certificates import issuers_of
from signer.medium.agency import AgencyKeys
from signer.medium.package import SUITE, PackageHeader, PackageKind, seal
from signer.uuid7 import uuid7

SUFFIX = {True: ".hdm", False: ".xlsx"}
"""Ending of a file by whether it travels on a medium."""


@dataclass(frozen=True, slots=True)
class Exported:
    """A list that went out. `persons` is a count."""

    file: Path
    query: UUID
    resource: str
    part: int
    line: int
    persons: int
    due: datetime
    list_id: UUID


@dataclass(frozen=True, slots=True)
class HandOut:
    """What one export did: the lists that went out, and the rows that must not be asked.

    `fingerprint` is that of the agency's keys; None for plain workbooks.
    """

    exported: tuple[Exported, ...]
    blocked: tuple[Blocked, ...]
    fingerprint: str | None


async def hand_out(desk: Desk, kind: str, out: Path, *, again: bool = False) -> HandOut:
    """Write the lists of the tasks that are not out yet.

    Args:
        desk: The adapter.
        kind: `template` for plain workbooks, `medium` for sealed packages.
        out: Folder for the files.
        again: Whether tasks go out again that are out, and were not taken back.

    Raises:
        ConfigError: `SOURCE_KIND_DIFFERS`, `MAPPING_INVALID`, `SUITE_WITHOUT_KEYS`.
        UnavailableError: As `Office.in_force`: nothing goes out under a directory that has lapsed.
        InputError: `OUT_NOT_A_FOLDER`, `FILE_UNWRITABLE`.
        KeyFileError: The agency's keys cannot be read.
    """
    mapping = list_mapping(desk.setup, kind)
    keys = agency_keys(mapping) if kind == MEDIUM else None
    desk.participant.office.in_force(desk.now())
    if not await asyncio.to_thread(out.is_dir):
        raise InputError(
            "OUT_NOT_A_FOLDER",
            "输出位置不是已有的文件夹",
            "the place for the files is no existing folder",
            remedy_zh="请先建立该文件夹",
            remedy_en="Make the folder first",
            where=str(out),
        )
    async with desk.books.store.transaction() as unit:
        tasks, blocked = await open_tasks(desk, unit, mapping)
        directory = await unit.directory()
    chosen = [task for task in tasks if _goes_out(task, again=again)]
    exported = [await _export(desk, task, out, keys, directory, again=again) for task in chosen]
    return HandOut(
        tuple(one for one in exported if one is not None),
        tuple(blocked),
        None if keys is None else keys.fingerprint,
    )


def _goes_out(task: OpenTask, *, again: bool) -> bool:
    return task.returned is None and (again or task.handed is None)


async def _export(
    desk: Desk,
    task: OpenTask,
    out: Path,
    keys: AgencyKeys | None,
    directory: Mapping[str, bytes],
    *,
    again: bool,
) -> Exported | None:
    """Write one list and enter it; None where somebody else handed it out meanwhile."""
    now = cut(desk.now())
    list_id = uuid7(now, secrets.token_bytes)
    listed = task.listed(desk, list_id, now)
    data = await asyncio.to_thread(_file, desk, task, listed, keys, directory)
    file = out / f"{listed.file_stem}{SUFFIX[keys is not None]}"
    # A medium often has a file system without hard links: written beside, then renamed.
    await asyncio.to_thread(write_file, file, data, force=False)
    if not await _enter(desk, task, listed, keys, data, again=again):
        await asyncio.to_thread(file.unlink)
        return None
    return Exported(
        file,
        task.case.query,
        task.resource.name,
        task.key.part,
        task.key.line,
        len(listed.persons),
        listed.due,
        list_id,
    )


def _file(
    desk: Desk,
    task: OpenTask,
    listed: ListTask,
    keys: AgencyKeys | None,
    directory: Mapping[str, bytes],
) -> bytes:
    workbook = list_workbook(listed, task.resource)
    if keys is None:
        return workbook
    contents = QueryContents(listed, workbook, task.stored.envelope, cut(task.stored.at), directory)
    header = PackageHeader(
        kind=PackageKind.QUERY,
        id=listed.token.list_id,
        answers=None,
        made=listed.issued,
        adapter=desk.participant.office.me,
        suite=SUITE,
        signer=_signing_key(desk),
        recipient=keys.encryption_id,
        certificates=_certificates(desk),
    )
    ring, secret = desk.participant.ring, secrets.token_bytes(32)
    return seal(header, query_bytes(contents), keys.encryption, ring, secret)


def _signing_key(desk: Desk) -> bytes:
    key = desk.participant.ring.signing_keys.get(SUITE)
    if key is None:
        raise ConfigError(
            "SUITE_WITHOUT_KEYS",
            f"介质包用 {SUITE} 签名，密钥目录中没有该套件的密钥",
            f"packages are signed in {SUITE}, and there are no keys of it",
            remedy_zh="请为该套件换发密钥（hedui ca issue --suite）",
            remedy_en="Have keys of it issued (hedui ca issue --suite)",
            where=str(desk.participant.config.keys.directory),
        )
    return key


def _certificates(desk: Desk) -> tuple[bytes, ...]:
    """The adapter's certificate as the directory lists it, and those above it."""
    current = desk.participant.keeper.current
    found = desk.participant.office.directory.key(_signing_key(desk))
    if current is None or found is None:
        raise DefectError(
            "SIGNING_KEY_NOT_LISTED",
            "现行目录中没有本方当前的签名证书",
            "the directory in force does not list our signing certificate",
        )
    leaf = found[1].certificate
    return (leaf, *issuers_of(leaf, current.issuers))


async def _enter(
    desk: Desk,
    task: OpenTask,
    listed: ListTask,
    keys: AgencyKeys | None,
    data: bytes,
    *,
    again: bool,
) -> bool:
    """Enter a list in the books and in the audit chain; False where another is out meanwhile."""
    fingerprint = None if keys is None else keys.fingerprint
    async with desk.books.store.transaction() as unit:
        if await unit.handed_out(task.key) is not None and not again:
            return False
        handed = HandedOut(
            task.key,
            task.case.query,
            task.resource.name,
            listed.token.list_id,
            len(listed.persons),
            listed.issued,
            desk.operator,
            listed.due,
            fingerprint,
        )
        await unit.save_handed_out(handed)
        work = desk.work(unit)
        event = Event.LIST_EXPORTED if keys is None else Event.MEDIUM_EXPORTED
        detail: dict[str, str | int | None] = _detail(task, listed)
        if fingerprint is not None:
            detail |= {"agency": fingerprint}
        detail |= {"file": hashlib.sha256(data).hexdigest(), "again": int(again)}
        desk.note(work, task.case.query, event, **detail)
        await work.finish()
    return True


def _detail(task: OpenTask, listed: ListTask) -> dict[str, str | int | None]:
    return {
        "part": task.key.part,
        "line": task.key.line,
        "resource": task.resource.name,
        "order": task.key.order.hex(),
        "list": str(listed.token.list_id),
        "persons": len(listed.persons),
        "items": len(listed.items),
    }
