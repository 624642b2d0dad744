"""Which tasks wait for people: each line of each open row, its authority verified."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from adapters.contract import Setup
from adapters.host.authority import ApprovedLine, authorise
from adapters.host.desk import Desk
from adapters.medium.connector import medium_mapping
from adapters.registry import kind_of
from adapters.template.connector import TemplateSource
from adapters.template.mapping import ListMapping
from adapters.template.task import ListTask, Token
from bus.daemon.work import open_stored
from bus.errors import ConfigError, DefectError, HeduiError
from bus.flow.lifecycle import RUNNING
from bus.model.case import Case, CaseRole, Row, RowState
from bus.model.request import Roster
from bus.model.returns import HandedOut, ReturnedAnswer, TaskKey
from bus.ports.store import StoredMessage, Unit
from bus.wire.message import Message
from schemas.resources import Resource
from signer.directory.view import Directory
from signer.envelope.kinds import Kind

TEMPLATE, MEDIUM = "template", "medium"


@dataclass(frozen=True, slots=True)
class OpenTask:
    """A task that waits for people.

    `items` are the approved ones that the agency holds. `handed` and `returned` are what the books
    have of it.
    """

    key: TaskKey
    case: Case
    row: Row
    line: ApprovedLine
    items: tuple[str, ...]
    resource: Resource
    message: Message
    roster: Roster
    stored: StoredMessage
    handed: HandedOut | None
    returned: ReturnedAnswer | None

    def listed(self, desk: Desk, list_id: UUID, issued: datetime) -> ListTask:
        """Return the task as a list.

        Args:
            desk: The adapter.
            list_id: The list's id.
            issued: When it is made.
        """
        request, directory = self.roster.request, desk.participant.office.directory
        me, requester = desk.participant.office.me, self.case.requester
        titles = {one: directory.get(one) for one in (me, requester)}
        named = {one: found.title if found else one for one, found in titles.items()}
        return ListTask(
            token=Token(self.key, list_id),
            query=self.case.query,
            requester=requester,
            requester_title=named[requester],
            provider=me,
            provider_title=named[me],
            business=request.business,
            purpose=request.purpose,
            resource=self.resource.name,
            items=self.items,
            time_from=self.line.time_from,
            time_to=self.line.time_to,
            due=self.line.due,
            issued=issued,
            persons=self.roster.persons,
        )


@dataclass(frozen=True, slots=True)
class Blocked:
    """An open row that may not be asked of people: its authority fails or waits, with the code."""

    query: UUID
    part: int
    resource: str
    code: str


def list_mapping(setup: Setup, kind: str) -> ListMapping[Any]:
    """Return the mapping of a source that people search.

    Args:
        setup: The adapter's.
        kind: What the command is for: `template` or `medium`.

    Raises:
        ConfigError: `SOURCE_KIND_DIFFERS`: the adapter's source is another; `MAPPING_INVALID`.
    """
    found = kind_of(setup)
    if found != kind:
        raise ConfigError(
            "SOURCE_KIND_DIFFERS",
            f"此前置的数据源是 {found}，不是 {kind}",
            f"the adapter's source is {found}, not {kind}",
            remedy_zh=f"请用 hedui {found} 的命令，或更改 [source] kind",
            remedy_en=f"Use the commands of `hedui {found}`, or change [source] kind",
            where=setup.where,
        )
    if kind == MEDIUM:
        return medium_mapping(setup)
    return ListMapping[TemplateSource].from_toml(setup.document, setup.where, setup.folder)


async def open_tasks(
    desk: Desk, unit: Unit, mapping: ListMapping[Any], query: UUID | None = None
) -> tuple[list[OpenTask], list[Blocked]]:
    """Return the tasks that wait, those due first, and the rows that must not be asked.

    Args:
        desk: The adapter.
        unit: An open transaction on its store.
        mapping: Which resources people answer.
        query: Of this query alone; None for all.

    Raises:
        UnavailableError: `DIRECTORY_NOT_READ`.
        DefectError: `ROW_WITHOUT_ORDER`, `ARCHIVE_DAMAGED`.
    """
    tasks: list[OpenTask] = []
    blocked: list[Blocked] = []
    directory = desk.participant.office.directory
    for case in await unit.cases(CaseRole.AGENCY, RUNNING):
        if query not in {None, case.query}:
            continue
        for row in case.rows:
            if row.state is not RowState.OPEN or mapping.resource(row.resource) is None:
                continue
            try:
                tasks += await _of_row(desk, unit, mapping, directory, case, row)
            except DefectError:
                raise
            except HeduiError as error:
                blocked.append(Blocked(case.query, row.part, row.resource, error.code))
    tasks.sort(key=lambda task: (task.line.due, task.key.order, task.key.part, task.key.line))
    return tasks, blocked


async def _of_row(
    desk: Desk,
    unit: Unit,
    mapping: ListMapping[Any],
    directory: Directory,
    case: Case,
    row: Row,
) -> list[OpenTask]:
    office = desk.participant.office
    stored, message = await _ordered(desk, unit, case, row)
    resource, entry = office.resource(row.resource), mapping.resource(row.resource)
    if resource is None or entry is None or not isinstance(message.body, Roster):
        raise _without_order(row)
    authority = await asyncio.to_thread(
        authorise, message, case, row, directory, office.me, desk.now()
    )
    tasks = []
    for line in authority.lines:
        if line.withdrawn:
            continue
        key = TaskKey(row.order, row.part, line.line)
        tasks.append(
            OpenTask(
                key=key,
                case=case,
                row=row,
                line=line,
                items=tuple(item for item in line.items if item not in entry.not_held),
                resource=resource,
                message=message,
                roster=message.body,
                stored=stored,
                handed=await unit.handed_out(key),
                returned=await unit.returned_answer(key),
            )
        )
    return tasks


async def _ordered(desk: Desk, unit: Unit, case: Case, row: Row) -> tuple[StoredMessage, Message]:
    for stored in await unit.messages(case.query, Kind.ROSTER):
        if stored.part == row.part:
            message = await asyncio.to_thread(open_stored, desk.participant.office, stored)
            if message.chain == row.order:
                return stored, message
    raise _without_order(row)


def _without_order(row: Row) -> DefectError:
    return DefectError(
        "ROW_WITHOUT_ORDER", "任务缺少名单", "a row without its roster", where=row.resource
    )
