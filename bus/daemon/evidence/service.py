"""What operators can do about evidence; the HTTP face calls these (R022-R026, R035).

Every call that changes something or reads a document names an operator and is audited; who reads a
document says what for.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Collection, Sequence
from dataclasses import dataclass
from uuid import UUID

from bus.daemon.evidence import calling, producing
from bus.daemon.evidence.archive import Archive, not_whole, open_content
from bus.daemon.evidence.keeping import keep
from bus.daemon.office import Office
from bus.daemon.service import Wake
from bus.daemon.work import Work
from bus.errors import InputError
from bus.flow import evidence as flow
from bus.model.audit import Event
from bus.model.case import Case, CaseRole
from bus.model.evidence import (
    EvidenceCall,
    EvidenceDocument,
    EvidenceFile,
    FileContent,
    FileState,
)
from bus.ports.store import Store, Unit
from bus.rules.evidence_file import MAX_SIZE, own_name
from signer.identity import HUB
from signer.uuid7 import uuid7

Item = tuple[int, str]
"""A person's number and a kind of document."""


@dataclass(frozen=True, slots=True)
class Shelved:
    """An entry of the archive's index with what is known of its file.

    `missing` are the numbers of the chunks that are not here.
    """

    document: EvidenceDocument
    state: FileState
    content: FileContent
    missing: tuple[int, ...]


@dataclass
class EvidenceService:
    """The archive of evidence and the calls for it, at a hub or a node.

    Attributes:
        wake: Called after every commit that may have filled the outbox.
        limit: Bytes of one file, at most.
    """

    office: Office
    store: Store
    wake: Wake
    limit: int = MAX_SIZE

    @property
    def archive(self) -> Archive:
        """The files."""
        return Archive(self.office, self.store, self.limit)

    async def stage(
        self, batch: UUID, name: str, stream: AsyncIterator[bytes], operator: str
    ) -> EvidenceFile:
        """Keep a file for an application that is about to be submitted; one of a batch.

        Raises:
            InputError: As `Archive.receive`; `EVIDENCE_NAME_TWICE`.
        """

        async def finish(unit: Unit, _file: EvidenceFile, content: FileContent) -> None:
            key = self.office.store_key
            others = await unit.evidence_batch(batch)
            whole = [one for one in others if one.state is FileState.COMPLETE]
            if [open_content(key, one).name for one in whole].count(content.name) > 1:
                raise InputError(
                    "EVIDENCE_NAME_TWICE",
                    "该文件名在本次申请中已有文件",
                    "a file of that name was handed in for this application",
                    where="name",
                )
            work = Work(self.office, unit, self.office.clock.now())
            work.note(None, Event.EVIDENCE_ARCHIVED, f"operator:{operator}", documents=1)
            await work.finish()

        return await self.archive.receive(stream, name, batch, finish)

    async def staged(self, batch: UUID) -> dict[str, tuple[UUID, bytes]]:
        """Return the files of a batch by name, with their SHA-256."""
        async with self.store.transaction() as unit:
            files = await unit.evidence_batch(batch)
        found = {}
        for file in files:
            if file.state is FileState.COMPLETE:
                content = open_content(self.office.store_key, file)
                found[content.name] = file.id, content.digest
        return found

    async def add(
        self,
        query: UUID,
        person: int,
        kind: str,
        name: str,
        stream: AsyncIterator[bytes],
        operator: str,
    ) -> EvidenceDocument:
        """Archive a document about a person of a query of ours (R023).

        Raises:
            InputError: `QUERY_UNKNOWN`, `EVIDENCE_PERSONS`, `EVIDENCE_KIND_UNKNOWN`; as
                `Archive.receive`.
        """
        code = flow.kind_code(kind)
        async with self.store.transaction() as unit:
            case = await self._case(unit, query)
        flow.check_person(case, person)
        added: list[EvidenceDocument] = []

        async def finish(unit: Unit, file: EvidenceFile, _content: FileContent) -> None:
            now = self.office.clock.now()
            number = uuid7(now, self.office.entropy)
            document = EvidenceDocument(number, query, person, code, file.id, now)
            await unit.save_document(document)
            work = Work(self.office, unit, now)
            actor = f"operator:{operator}"
            work.note(query, Event.EVIDENCE_ARCHIVED, actor, documents=1, document=str(number))
            await work.finish()
            added.append(document)

        await self.archive.receive(stream, name, None, finish)
        return added[0]

    async def documents(self, query: UUID, operator: str) -> Sequence[Shelved]:
        """Return the index of a query, audited: digests tell a document from others (R023).

        Raises:
            InputError: `QUERY_UNKNOWN`.
        """
        async with self.store.transaction() as unit:
            await self._case(unit, query)
            work = Work(self.office, unit, self.office.clock.now())
            work.note(query, Event.EVIDENCE_SHOWN, f"operator:{operator}")
            await work.finish()
            return [await self._shelved(unit, one) for one in await unit.documents(query)]

    async def calls(self, query: UUID | None, *, open_only: bool) -> Sequence[EvidenceCall]:
        """Return calls, of all queries or of one; they hold numbers and codes only."""
        async with self.store.transaction() as unit:
            return await unit.calls(query, open_only=open_only)

    async def call(self, call: UUID, operator: str) -> tuple[EvidenceCall, Sequence[Shelved]]:
        """Return a call with its documents, audited.

        Raises:
            InputError: `EVIDENCE_CALL_UNKNOWN`.
        """
        async with self.store.transaction() as unit:
            found = await self._call(unit, call)
            work = Work(self.office, unit, self.office.clock.now())
            work.note(found.query, Event.EVIDENCE_SHOWN, f"operator:{operator}", call=str(call))
            await work.finish()
            listed = await unit.documents(found.query)
            named = {number for item in found.items for number in item.documents}
            chosen = [one for one in listed if one.call == call or one.id in named]
            return found, [await self._shelved(unit, one) for one in chosen]

    async def request(
        self, query: UUID, persons: Collection[int], kinds: Collection[str], reason: str, by: str
    ) -> EvidenceCall:
        """Call up evidence about persons of a query (R024, R026).

        Raises:
            InputError: `QUERY_UNKNOWN`; as `flow.open_call`.
            UnavailableError: No way to the requester.
        """
        async with self.store.transaction() as unit:
            case = await self._case(unit, query)
            work = Work(self.office, unit, self.office.clock.now())
            call = await calling.call_up(work, case, persons, kinds, reason, by)
            await work.finish()
        self.wake()
        return call

    async def send(self, call: UUID, operator: str, *, again: bool) -> EvidenceCall:
        """Have what a call asks for sent to the hub.

        Raises:
            InputError: `EVIDENCE_CALL_UNKNOWN`; as `producing.produce`.
            UnavailableError: No way to the hub.
        """
        async with self.store.transaction() as unit:
            found = await self._call(unit, call)
            work = Work(self.office, unit, self.office.clock.now())
            made = await producing.produce(work, found, operator, again=again)
            await work.finish()
        self.wake()
        return made

    async def judge(
        self, call: UUID, operator: str, code: str | None, chosen: Collection[Item]
    ) -> EvidenceCall:
        """Accept items of a call (no code), or send them back.

        Args:
            call: The call.
            operator: Who judges.
            code: Why they are sent back; None accepts them.
            chosen: The items; all that wait for a verdict, where it is empty.

        Raises:
            InputError: `EVIDENCE_CALL_UNKNOWN`; as `flow.judge`.
            UnavailableError: No way to the requester.
        """
        office = self.office
        items = {(person, flow.kind_code(kind)) for person, kind in chosen}
        async with self.store.transaction() as unit:
            found = await self._call(unit, call)
            work = Work(office, unit, office.clock.now())
            made, send = flow.judge(found, code is None, code, items, office.calendar, work.now)
            await work.send(found.query, send)
            keep(work, found, made)
            work.note(
                found.query,
                Event.EVIDENCE_JUDGED,
                f"operator:{operator}",
                call=str(call),
                items=sum(item.notice == made.notices for item in made.items),
                code=code,
            )
            await work.finish()
        self.wake()
        return made

    async def read(
        self, document: UUID, operator: str, purpose: str
    ) -> tuple[str, FileContent, AsyncIterator[bytes]]:
        """Return a document's name, what is known of it, and its bytes; audited before (R035).

        Raises:
            InputError: `EVIDENCE_UNKNOWN`, `EVIDENCE_NOT_WHOLE`.
        """
        async with self.store.transaction() as unit:
            found = await unit.document(document)
            if found is None:
                raise InputError(
                    "EVIDENCE_UNKNOWN", "没有此材料", "no such document", where=str(document)
                )
            shelved = await self._shelved(unit, found)
            if shelved.missing or shelved.state is FileState.RECEIVING:
                raise not_whole(f"{document} {shelved.missing[:10]}")
            work = Work(self.office, unit, self.office.clock.now())
            work.note(
                found.query,
                Event.EVIDENCE_READ,
                f"operator:{operator}",
                document=str(document),
                person=found.person,
                purpose=purpose,
            )
            await work.finish()
        content = shelved.content
        name = f"{own_name(found.person, found.kind, 1, content.media_type)}"
        return name, content, self.archive.chunks(found.file, len(content.chunks))

    async def _case(self, unit: Unit, query: UUID) -> Case:
        role = CaseRole.REVIEWER if self.office.me == HUB else CaseRole.REQUESTER
        case = await unit.case(query, role)
        if case is None:
            raise InputError("QUERY_UNKNOWN", "没有此查询", "no such query", where=str(query))
        return case

    async def _call(self, unit: Unit, call: UUID) -> EvidenceCall:
        found = await unit.call(call)
        if found is None:
            raise InputError(
                "EVIDENCE_CALL_UNKNOWN",
                "没有此调阅",
                "there is no such call",
                remedy_zh="请用 hedui evidence calls 查看",
                remedy_en="hedui evidence calls lists them",
                where=str(call),
            )
        return found

    async def _shelved(self, unit: Unit, document: EvidenceDocument) -> Shelved:
        file = await unit.evidence_file(document.file)
        if file is None:
            raise not_whole(str(document.id))
        content = open_content(self.office.store_key, file)
        here = set(await unit.chunk_numbers(file.id))
        missing = tuple(n for n in range(1, len(content.chunks) + 1) if n not in here)
        return Shelved(document, file.state, content, missing)
