"""Exports the proof of a query from the requester's store (docs/spec/proof.md).

What leaves the store is sealed as it was; only Decisions and Dispatches come with their content
secrets. The caller notes `PROOF_EXPORTED` with the operator in the same transaction (R035).
"""

from __future__ import annotations

import asyncio
from datetime import datetime
from uuid import UUID

from bus.daemon.office import Office
from bus.errors import InputError, UnavailableError
from bus.model.case import CaseRole
from bus.ports.store import StoredMessage, Unit
from signer.directory.records import GRACE
from signer.proof.conversation import DISCLOSED, RECEIVED, SENT
from signer.proof.format import Proof, ProvenMessage, proof_bytes


async def export(office: Office, unit: Unit, query: UUID, now: datetime) -> bytes:
    """Return the proof file of a query this node asked.

    Args:
        office: The requester.
        unit: An open transaction on its store; nothing is written.
        query: The query's id.
        now: The present instant, whole milliseconds.

    Raises:
        InputError: `QUERY_UNKNOWN`: this node never asked it; `PROOF_TOO_EARLY`: the hub has not
            decided yet.
        UnavailableError: `DIRECTORY_NOT_READ`, `DIRECTORY_LAPSED`: there is no directory in force
            that the proof could be judged by.
    """
    case = await unit.case(query, CaseRole.REQUESTER)
    if case is None:
        raise InputError(
            "QUERY_UNKNOWN",
            "本节点没有提出过该查询",
            "this node never submitted that query",
            where=str(query),
        )
    if case.decision is None:
        raise InputError(
            "PROOF_TOO_EARLY",
            "部中心尚未作出决定，还没有可证明的内容",
            "the hub has not decided yet, so there is nothing to prove",
            remedy_zh="请在受理或拒绝之后再导出",
            remedy_en="Export it after the decision",
            where=str(query),
        )
    if now > office.directory.expires + GRACE:
        raise UnavailableError(
            "DIRECTORY_LAPSED",
            "参与方目录已过期且超出宽限期",
            "the directory has expired beyond its grace",
            remedy_zh="请检查与部中心之间的网络和部中心的运行状况",
            remedy_en="Check the network to the hub, and the hub itself",
        )
    stored = await unit.messages(query)
    proof = Proof(
        query=query,
        requester=office.me,
        made_at=now,
        directory=await unit.directory(),
        messages=tuple(_proven(office, m) for m in stored if m.kind in _kinds(m)),
    )
    return await asyncio.to_thread(proof_bytes, proof)


def _kinds(stored: StoredMessage) -> frozenset[str]:
    return frozenset(SENT if stored.sent else RECEIVED)


def _proven(office: Office, stored: StoredMessage) -> ProvenMessage:
    secret = None
    if stored.kind in DISCLOSED and stored.secret is not None:
        secret = office.store_key.unwrap(stored.secret, stored.digest)
    return ProvenMessage(stored.envelope, stored.at, secret)
