"""What the requester does about evidence: keeps calls and notices, makes manifests (R024)."""

from __future__ import annotations

import asyncio
from collections import defaultdict
from dataclasses import replace
from functools import partial
from uuid import UUID

from bus.daemon.evidence.archive import open_content
from bus.daemon.evidence.keeping import keep
from bus.daemon.work import Work
from bus.errors import InputError, PendingError, RefusedError
from bus.flow import evidence as flow
from bus.flow.evidence_manifest import MAX_DOCUMENTS
from bus.flow.outcome import Send
from bus.model.audit import Event
from bus.model.case import CaseRole
from bus.model.evidence import (
    OWED,
    Evidence,
    EvidenceCall,
    EvidenceDocument,
    EvidenceEntry,
    EvidenceItem,
    EvidenceRequest,
    EvidenceReview,
    ItemState,
    Transfer,
    TransferDocument,
    TransferState,
)
from bus.rules.evidence_file import own_name
from bus.wire.message import Message
from signer.envelope.kinds import Kind
from signer.identity import HUB


async def take_request(work: Work, message: Message, request: EvidenceRequest) -> None:
    """Keep a call of the hub's for evidence.

    Raises:
        RefusedError: `QUERY_UNKNOWN`: we made no such query; `EVIDENCE_REQUEST_INVALID`.
    """
    query = message.header.conversation
    case = await work.case(query, CaseRole.REQUESTER)
    if case is None:
        raise RefusedError(
            "QUERY_UNKNOWN",
            "本节点没有提出过该查询",
            "this node never submitted that query",
            where=str(query),
        )
    call = flow.take_request(case, message, request)
    if await work.unit.call(call.id) is not None:
        raise RefusedError(
            "EVIDENCE_REQUEST_INVALID",
            "该调阅编号已使用",
            "there is a call of that id",
            where=str(query),
        )
    keep(work, None, call)
    work.note(
        query,
        Event.EVIDENCE_CALLED,
        HUB,
        call=str(call.id),
        items=len(call.items),
        reason=call.reason,
    )


async def take_review(work: Work, message: Message, review: EvidenceReview) -> None:
    """Take a notice of the hub's on a call.

    Raises:
        PendingError: `EVIDENCE_CALL_AWAITED`: the call itself has not arrived.
        RefusedError: `EVIDENCE_CALL_UNKNOWN`: the call is about another query.
    """
    query = message.header.conversation
    call = await work.unit.call(UUID(bytes=review.call))
    if call is None:
        raise PendingError(
            "EVIDENCE_CALL_AWAITED",
            "调阅要求尚未到达",
            "the call has not arrived yet",
            where=str(query),
        )
    if call.query != query:
        raise RefusedError(
            "EVIDENCE_CALL_UNKNOWN", "该查询没有此调阅", "no such call", where=str(query)
        )
    before, call = call, flow.take_review(call, review, work.now)
    keep(work, before, call)
    work.note(
        query,
        Event.EVIDENCE_NOTICE,
        HUB,
        call=str(call.id),
        notice=str(review.notice),
        accepted=sum(verdict.accepted for verdict in review.verdicts),
        rejected=sum(not verdict.accepted for verdict in review.verdicts),
    )


async def produce(work: Work, call: EvidenceCall, operator: str, *, again: bool) -> EvidenceCall:
    """Make the manifests that answer a call from what the archive holds; chunks follow by timer.

    Of an item that was sent back only what was archived since is sent.

    Args:
        work: The work at hand.
        call: The call.
        operator: Who orders it.
        again: Send what was sent before and is not judged, too: some of it never arrived.

    Raises:
        InputError: `EVIDENCE_NOTHING_OWED`; `EVIDENCE_MISSING`, naming persons and kinds.
        UnavailableError: As `Work.send`.
    """
    states = OWED | {ItemState.SENT} if again else OWED
    items = [item for item in call.items if item.state in states]
    if not items:
        raise InputError(
            "EVIDENCE_NOTHING_OWED",
            "该调阅没有待提交的材料",
            "nothing is owed of that call",
            remedy_zh="已提交而部中心未收到的，请加 --again 重新提交",
            remedy_en="What was sent and never arrived is sent anew with --again",
            where=str(call.id),
        )
    archived = await _archived(work, call)
    chosen = {(i.person, i.kind): _chosen(i, archived[i.person, i.kind]) for i in items}
    missing = [f"{person} {kind}" for (person, kind), found in chosen.items() if not found]
    if missing:
        raise InputError(
            "EVIDENCE_MISSING",
            f"有 {len(missing)} 项没有可提交的材料",
            f"{len(missing)} item(s) have no document to send",
            remedy_zh="请先用 hedui evidence add 存入；被退回的须存入新的材料",
            remedy_en="Archive it with hedui evidence add; what was sent back needs a new document",
            where="、".join(missing[:20]),
        )
    await _supersede(work, call, set(chosen))
    documents = [document for found in chosen.values() for document in found]
    for start in range(0, len(documents), MAX_DOCUMENTS):
        await _manifest(work, call, documents[start : start + MAX_DOCUMENTS])
    sent = flow.sent(call, {item: tuple(d.id for d in found) for item, found in chosen.items()})
    keep(work, call, sent)
    work.note(
        call.query,
        Event.EVIDENCE_PRODUCED,
        f"operator:{operator}",
        call=str(call.id),
        documents=len(documents),
    )
    return sent


async def _archived(
    work: Work, call: EvidenceCall
) -> defaultdict[tuple[int, str], list[EvidenceDocument]]:
    found: defaultdict[tuple[int, str], list[EvidenceDocument]] = defaultdict(list)
    for document in await work.unit.documents(call.query):
        found[document.person, document.kind].append(document)
    return found


def _chosen(item: EvidenceItem, archived: list[EvidenceDocument]) -> list[EvidenceDocument]:
    if item.state is ItemState.REJECTED:
        return [document for document in archived if document.id not in item.documents]
    if item.state is ItemState.SENT:
        return [document for document in archived if document.id in item.documents]
    return archived


async def _supersede(work: Work, call: EvidenceCall, items: set[tuple[int, str]]) -> None:
    """Stop what is still on its way for the same items: the new manifest stands for it."""
    for earlier in await work.unit.transfers(call.id):
        same = items & {(one.person, one.kind) for one in earlier.documents}
        if earlier.state is TransferState.OPEN and same:
            ended = replace(earlier, state=TransferState.SUPERSEDED)
            work.write(partial(work.unit.save_transfer, ended))


async def _manifest(work: Work, call: EvidenceCall, documents: list[EvidenceDocument]) -> None:
    entries, moving = [], []
    counts: defaultdict[tuple[int, str], int] = defaultdict(int)
    for number, document in enumerate(documents, 1):
        person, kind = document.person, document.kind
        file = await work.unit.evidence_file(document.file)
        if file is None:
            raise InputError(
                "EVIDENCE_NOT_WHOLE",
                "存档文件缺失",
                "an archived file is gone",
                where=f"{person} {kind}",
            )
        content = await asyncio.to_thread(open_content, work.office.store_key, file)
        counts[person, kind] += 1
        name = own_name(person, kind, counts[person, kind], content.media_type)
        entries.append(
            EvidenceEntry(
                number,
                person,
                kind,
                name,
                content.media_type,
                content.size,
                content.digest,
                content.chunks,
            )
        )
        moving.append(TransferDocument(document.id, file.id, person, kind, len(content.chunks)))
    body = Evidence(call.id.bytes, tuple(entries), None)
    sealed = await work.send(call.query, Send(Kind.EVIDENCE, HUB, body, (HUB,)))
    transfer = Transfer(
        manifest=sealed.digest,
        call=call.id,
        query=call.query,
        outgoing=True,
        state=TransferState.OPEN,
        at=work.now,
        documents=tuple(moving),
    )
    work.write(lambda: work.unit.save_transfer(transfer))
