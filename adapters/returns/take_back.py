"""Takes a filled list back: held against its order, its persons and items, and sealed for sending.

Everything is verified again that was when it went out. What is refused changes nothing. A later
file corrects an earlier one until the answer has left; after that a re-check (复核) is the way.
"""

from __future__ import annotations

import asyncio
import hashlib
from collections import Counter
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from adapters.host.desk import Desk
from adapters.medium.connector import agency_keys
from adapters.medium.contents import read_return
from adapters.returns.tasks import MEDIUM, OpenTask, list_mapping, open_tasks
from adapters.template.kept import seal
from adapters.template.mapping import ListMapping
from adapters.template.read import FilledList, FilledWorkbook
from adapters.template.task import Token
from bus.errors import InputError
from bus.flow.lifecycle import RUNNING
from bus.model.audit import Event
from bus.model.case import Case, CaseRole, Row, RowState
from bus.model.messages import OutcomeKind
from bus.model.returns import HandedOut, ReturnedAnswer, TaskKey
from bus.ports.store import Unit
from signer.medium.agency import AgencyKeys
from signer.medium.failures import MediumError
from signer.medium.package import PackageHeader, PackageKind, open_package


@dataclass(frozen=True, slots=True)
class Imported:
    """A list that was taken back: counts, no persons.

    `late` tells that the term had passed (R029); `corrects` that an earlier file was replaced.
    """

    query: UUID
    resource: str
    part: int
    line: int
    found: int
    not_found: int
    not_answerable: int
    as_of: datetime
    late: bool
    corrects: bool
    file: str


async def take_back(desk: Desk, kind: str, data: bytes) -> Imported:
    """Take a filled list back.

    Args:
        desk: The adapter.
        kind: `template`: the bytes are a workbook; `medium`: they are a package.
        data: The file's bytes.

    Raises:
        ConfigError: `SOURCE_KIND_DIFFERS`; the mapping or the agency's keys are unfit.
        MediumError: The package is not the agency's, or was damaged.
        WorkbookFaults: With every fault of the workbook, by place.
        InputError: `RETURN_UNKNOWN`, `RETURN_OF_ANOTHER`, `RETURN_NOT_HANDED_OUT`, `RETURN_ENDED`,
            `RETURN_ANSWERED`, `RETURN_TAKEN`, `RETURN_UNAUTHORISED`.
    """
    mapping = list_mapping(desk.setup, kind)
    file = hashlib.sha256(data).digest()
    answers, workbook, keys = None, data, None
    if kind == MEDIUM:
        keys = agency_keys(mapping)
        answers, workbook = await asyncio.to_thread(_opened, desk, keys, data)
    filled = await asyncio.to_thread(FilledWorkbook, workbook, desk.now())
    if answers is not None and answers != filled.token.list_id:
        raise _refused(
            "RETURN_OF_ANOTHER", "清单与介质包不是同一任务", "the list is of another package"
        )
    async with desk.books.store.transaction() as unit:
        task = await _task(desk, unit, mapping, filled.token, file)
    listed = task.listed(desk, filled.token.list_id, desk.now())
    found = await asyncio.to_thread(filled.answers, listed, task.resource)
    sealed = await asyncio.to_thread(seal, desk.books.key(), task.key, task.resource, found)
    async with desk.books.store.transaction() as unit:
        # Reading takes seconds: the query may have ended, the answer may have left.
        task = await _task(desk, unit, mapping, filled.token, file)
        return await _enter(desk, unit, task, found, sealed, file, keys)


def _opened(desk: Desk, keys: AgencyKeys, data: bytes) -> tuple[UUID | None, bytes]:
    me = desk.participant.office.me

    def pinned(header: PackageHeader) -> object:
        if header.signer != keys.signing_id or header.adapter != me:
            raise MediumError("MEDIUM_SIGNER")
        return keys.signing

    ring = desk.participant.ring
    header, contents = open_package(data, PackageKind.RETURN, ring, pinned, desk.now())
    return header.answers, read_return(contents)


async def _task(
    desk: Desk, unit: Unit, mapping: ListMapping[Any], token: Token, file: bytes
) -> OpenTask:
    """Return the task of a token, which must be open, out, and authorised as before a lookup."""
    handed = await unit.handed_out(token.key)
    if handed is None:
        raise await _stranger(unit, token.key)
    returned = await unit.returned_answer(token.key)
    if returned is not None and returned.file == file:
        raise _refused("RETURN_TAKEN", "此文件已经导入", "this file was taken back already")
    await _check_open(unit, handed)
    tasks, blocked = await open_tasks(desk, unit, mapping, handed.query)
    found = next((task for task in tasks if task.key == token.key), None)
    if found is None:
        codes = [one.code for one in blocked]
        raise InputError(
            "RETURN_UNAUTHORISED",
            "该任务的授权目前不成立",
            "the task is not authorised at present",
            remedy_zh="原因见 list 命令；授权恢复后再导入",
            remedy_en="See why in the list; import it once the authority stands again",
            where="、".join(dict.fromkeys(codes)) or handed.resource,
        )
    return found


async def _stranger(unit: Unit, key: TaskKey) -> InputError:
    """Which it is that a list went out for: nothing of ours, or something not handed out."""
    for case in await unit.cases(CaseRole.AGENCY, RUNNING):
        if any(row.order == key.order and row.part == key.part for row in case.rows):
            return _refused(
                "RETURN_NOT_HANDED_OUT", "该任务没有发出过清单", "no list went out for this task"
            )
    return _refused("RETURN_UNKNOWN", "不是本前置发出的清单", "no list of this adapter")


async def _check_open(unit: Unit, handed: HandedOut) -> None:
    case = await unit.case(handed.query, CaseRole.AGENCY)
    row = None if case is None else _row(case, handed)
    if row is not None and row.state is RowState.ANSWERED:
        raise InputError(
            "RETURN_ANSWERED",
            "该任务已经反馈，不能再更正",
            "the task was answered, nothing can be corrected any more",
            remedy_zh="如有错误，请通知查询单位申请复核",
            remedy_en="If it is wrong, tell the requester, who can ask for a re-check",
            where=handed.resource,
        )
    if case is None or row is None or case.state not in RUNNING or row.state is not RowState.OPEN:
        raise InputError(
            "RETURN_ENDED",
            "该查询已撤销、到期或结束，结果不再接收",
            "the query was withdrawn, has expired or has ended",
            remedy_zh="请销毁该清单；未作任何更改",
            remedy_en="Destroy the list; nothing was changed",
            where=handed.resource,
        )


def _row(case: Case, handed: HandedOut) -> Row | None:
    named = (handed.key.order, handed.key.part, handed.resource)
    return next((r for r in case.rows if (r.order, r.part, r.resource) == named), None)


async def _enter(
    desk: Desk,
    unit: Unit,
    task: OpenTask,
    found: FilledList,
    sealed: bytes,
    file: bytes,
    keys: AgencyKeys | None,
) -> Imported:
    now = desk.now()
    kinds = Counter(one.kind for one in found.outcomes)
    await unit.save_returned_answer(
        ReturnedAnswer(
            task.key,
            task.case.query,
            task.resource.name,
            sealed,
            found.as_of,
            now,
            desk.operator,
            file,
        )
    )
    made = Imported(
        query=task.case.query,
        resource=task.resource.name,
        part=task.key.part,
        line=task.key.line,
        found=kinds[OutcomeKind.FOUND],
        not_found=kinds[OutcomeKind.NOT_FOUND],
        not_answerable=kinds[OutcomeKind.NOT_ANSWERABLE],
        as_of=found.as_of,
        late=now >= task.row.deadline,
        corrects=task.returned is not None,
        file=file.hex(),
    )
    detail: dict[str, str | int | None] = {
        "part": made.part,
        "line": made.line,
        "resource": made.resource,
        "order": task.key.order.hex(),
        "found": made.found,
        "not_found": made.not_found,
        "not_answerable": made.not_answerable,
        "late": int(made.late),
        "corrects": int(made.corrects),
        "file": made.file,
    }
    if keys is not None:
        detail["agency"] = keys.fingerprint
    work = desk.work(unit)
    event = Event.LIST_IMPORTED if keys is None else Event.MEDIUM_IMPORTED
    desk.note(work, made.query, event, **detail)
    await work.finish()
    return made


def _refused(code: str, zh: str, en: str, where: str = "") -> InputError:
    return InputError(
        code,
        zh,
        en,
        remedy_zh="请核对任务编号与文件；未作任何更改",
        remedy_en="Check the task's number and the file; nothing was changed",
        where=where,
    )
