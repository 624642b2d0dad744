"""What the hub does about evidence: calls up, draws, takes manifests and chunks (R024, R026)."""

from __future__ import annotations

import asyncio
from collections.abc import Collection
from dataclasses import replace
from functools import partial
from uuid import UUID

from bus.daemon.evidence.archive import open_content, seal_chunk, seal_content
from bus.daemon.evidence.keeping import keep
from bus.daemon.work import Work
from bus.errors import PendingError, RefusedError
from bus.flow import evidence as flow
from bus.flow.evidence_manifest import check_call, check_chunk, check_manifest, check_transfer
from bus.model.audit import Event
from bus.model.case import Case
from bus.model.evidence import (
    Evidence,
    EvidenceCall,
    EvidenceChunk,
    EvidenceDocument,
    EvidenceEntry,
    EvidenceFile,
    FileContent,
    FileState,
    Transfer,
    TransferDocument,
    TransferState,
)
from bus.model.messages import Finding
from bus.model.review import Waits
from bus.ports.store import Unit
from bus.wire.message import Message
from signer.uuid7 import uuid7

OWN_FINDINGS = frozenset({"EVIDENCE_SAMPLED", "EVIDENCE_OVERDUE"})
"""Findings that evidence adds to a review; none of them is a doubt about a person."""


async def call_up(
    work: Work,
    case: Case,
    persons: Collection[int],
    kinds: Collection[str],
    reason: str,
    by: str,
) -> EvidenceCall:
    """Call up evidence about persons of a query.

    Raises:
        InputError: As `flow.open_call`.
        UnavailableError: As `Work.send`.
    """
    office = work.office
    number = uuid7(work.now, office.entropy)
    call, send = flow.open_call(number, case, persons, kinds, reason, by, office.calendar, work.now)
    await work.send(case.query, send)
    keep(work, None, call)
    work.note(
        case.query,
        Event.EVIDENCE_CALLED,
        office.me if by == flow.BY_POLICY else f"operator:{by}",
        call=str(call.id),
        items=len(call.items),
        reason=call.reason,
    )
    return call


async def draw(work: Work, case: Case) -> EvidenceCall | None:
    """Draw persons of a query and call up their evidence (R026); None where none was drawn."""
    rules = work.office.evidence
    doubts = tuple(f for f in case.findings if f.code not in OWN_FINDINGS)
    persons, reason = flow.drawn(replace(case, findings=doubts), rules)
    if not persons:
        return None
    return await call_up(work, case, persons, rules.kinds, reason, flow.BY_POLICY)


async def draw_accepted(work: Work, case: Case) -> None:
    """Draw persons of a query that was just accepted, unless that was done before."""
    if not work.office.evidence.before_acceptance:
        await draw(work, case)


async def examine(work: Work, case: Case) -> Case:
    """Return the case under review with what evidence has to say: it then waits for an operator.

    That is the case where the requester owes evidence that is overdue, and where the draw comes
    before acceptance and somebody was drawn.
    """
    rules, found = work.office.evidence, list(case.findings)
    if rules.overdue_to_manual and await overdue_calls(work.unit, case.requester):
        zh, en = "申请方有逾期未提交的证明材料", "the requester owes evidence that is overdue"
        found.append(Finding("EVIDENCE_OVERDUE", zh, en, ""))
    if rules.before_acceptance and not case.blocked and await draw(work, case) is not None:
        zh, en = "已抽查，受理前须核验证明材料", "drawn: look at the evidence before acceptance"
        found.append(Finding("EVIDENCE_SAMPLED", zh, en, ""))
    if len(found) == len(case.findings) or case.review is None:
        return case
    how = replace(case.review, waits=case.review.waits or Waits.EVIDENCE)
    return replace(case, findings=tuple(found), review=how)


async def overdue_calls(unit: Unit, requester: str) -> list[EvidenceCall]:
    """Return a requester's calls of which something is owed and overdue."""
    calls = await unit.calls(open_only=True)
    return [one for one in calls if one.requester == requester and one.overdue and one.owed]


async def take(work: Work, message: Message, evidence: Evidence) -> None:
    """Take a manifest or a chunk of evidence.

    Raises:
        PendingError: `EVIDENCE_MANIFEST_AWAITED`: the chunk's manifest has not arrived.
        RefusedError: As `check_call`, `check_manifest`, `check_transfer`, `check_chunk`.
    """
    header = message.header
    found = await work.unit.call(UUID(bytes=evidence.call))
    if (evidence.chunk is None) is not bool(evidence.documents):
        raise RefusedError(
            "EVIDENCE_MANIFEST",
            "既非清单也非分块，或两者兼有",
            "neither a manifest nor a chunk, or both",
            where=str(header.conversation),
        )
    if evidence.chunk is None:
        call = check_call(found, header.conversation, header.source)
        check_manifest(call, evidence.documents)
        await _take_manifest(work, message, call, evidence.documents)
    else:
        await _take_chunk(work, message, UUID(bytes=evidence.call), evidence.chunk)


async def _take_manifest(
    work: Work, message: Message, call: EvidenceCall, entries: tuple[EvidenceEntry, ...]
) -> None:
    unit, office = work.unit, work.office
    items = {(entry.person, entry.kind) for entry in entries}
    for earlier in await unit.transfers(call.id):
        same = items & {(one.person, one.kind) for one in earlier.documents}
        if earlier.state is TransferState.OPEN and same:
            _supersede(work, earlier)
    documents = []
    for entry in entries:
        document, file = (uuid7(work.now, office.entropy) for _ in range(2))
        content = FileContent("", entry.media_type, entry.size, entry.digest, entry.chunks)
        sealed = seal_content(office.store_key, file, content)
        kept = EvidenceFile(file, FileState.RECEIVING, None, work.now, sealed)
        index = EvidenceDocument(
            document, call.query, entry.person, entry.kind, file, work.now, call.id
        )
        _save(work, kept, index)
        documents.append(
            TransferDocument(document, file, entry.person, entry.kind, len(entry.chunks))
        )
    transfer = Transfer(
        manifest=message.digest,
        call=call.id,
        query=call.query,
        outgoing=False,
        state=TransferState.OPEN,
        at=work.now,
        documents=tuple(documents),
    )
    work.write(lambda: unit.save_transfer(transfer))
    work.note(
        call.query,
        Event.EVIDENCE_LISTED,
        message.header.source,
        call=str(call.id),
        manifest=message.digest.hex(),
        documents=len(documents),
    )


def _save(work: Work, file: EvidenceFile, index: EvidenceDocument) -> None:
    work.write(lambda: work.unit.save_evidence_file(file))
    work.write(lambda: work.unit.save_document(index))


def _supersede(work: Work, earlier: Transfer) -> None:
    """Forget what an earlier manifest was to bring; what already came of it whole, too."""
    unit = work.unit
    ended = replace(earlier, state=TransferState.SUPERSEDED)
    work.write(lambda: unit.save_transfer(ended))
    for one in earlier.documents:
        work.write(partial(unit.drop_document, one.document))
        work.write(partial(unit.drop_evidence_file, one.file))


async def _take_chunk(work: Work, message: Message, call: UUID, chunk: EvidenceChunk) -> None:
    unit, key = work.unit, work.office.store_key
    # What is here is not kept a second time, as a message.
    work.see(message)
    transfer = await unit.transfer(chunk.manifest)
    if transfer is None:
        raise PendingError(
            "EVIDENCE_MANIFEST_AWAITED",
            "该分块的清单尚未到达",
            "the chunk's manifest has not arrived yet",
            where=str(message.header.conversation),
        )
    document = check_transfer(transfer, call, message.header.conversation, chunk)
    file = await unit.evidence_file(document.file)
    if transfer.state is not TransferState.OPEN or file is None:
        return  # a later manifest took over, or it is all here
    content = await asyncio.to_thread(open_content, key, file)
    check_chunk(content, chunk)
    here = await unit.chunk_numbers(file.id)
    if chunk.number in here:
        return
    sealed = await asyncio.to_thread(seal_chunk, key, file.id, chunk.number, chunk.data)
    work.write(lambda: unit.put_chunk(file.id, chunk.number, sealed))
    if len(here) + 1 == len(content.chunks):
        arrived = replace(file, state=FileState.ARRIVED)
        work.write(lambda: unit.save_evidence_file(arrived))
