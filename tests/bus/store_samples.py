"""Stores of both kinds and sample rows for the store's tests."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from uuid import UUID

import pytest

from bus.model.case import Assented, Case, CaseRole, Fragment, QueryState, Row, RowState, Withdrawal
from bus.model.messages import Finding
from bus.model.request import PartDigest, Recheck, Request, RequestLine
from bus.model.review import Review, Waits
from bus.ports.memory_store import MemoryStore
from bus.ports.store import AuditEvent, Store, StoredMessage
from bus.store.store import SqlStore

NOW = datetime(2026, 3, 2, 1, 30, 0, 123000, tzinfo=UTC)
LATER = NOW + timedelta(days=1)
QUERY = UUID("019c2f00-0000-7000-8000-000000000001")
OTHER_QUERY = UUID("019c2f00-0000-7000-8000-000000000002")
MESSAGE = UUID("019c2f00-0000-7000-8000-00000000000a")
HEADERS = (("ce_id", b"a"), ("traceparent", b"\x00\xff"))
MEMORY = "memory"
KINDS = (MEMORY, "sqlite", "postgresql")


def url_of(path: Path) -> str:
    return f"sqlite+aiosqlite:///{path}"


async def new_place(kind: str, request: pytest.FixtureRequest) -> str:
    """Where an empty store of a kind is: a URL, or MEMORY."""
    match kind:
        case "sqlite":
            return url_of(request.getfixturevalue("tmp_path") / "bus.db")
        case "postgresql":
            return await request.getfixturevalue("postgres").database()
        case _:
            return MEMORY


@asynccontextmanager
async def opened(place: str) -> AsyncIterator[Store]:
    store: Store = MemoryStore() if place == MEMORY else SqlStore(place)
    await store.open()
    try:
        yield store
    finally:
        await store.close()


def digest(number: int) -> bytes:
    return bytes([number]) * 32


def message(number: int, query: UUID = QUERY, kind: str = "Roster") -> StoredMessage:
    return StoredMessage(
        digest=digest(number),
        query=query,
        kind=kind,
        source="370000",
        message_id=UUID(int=number),
        part=number,
        envelope=b"HDX1\x00\xff" + bytes([number]),
        secret=None if number % 2 else bytes(48),
        sent=number % 2 == 0,
        at=NOW,
    )


def event(number: int) -> AuditEvent:
    return AuditEvent(
        at=NOW + timedelta(seconds=number),
        event="query.submitted",
        actor="operator:值班员",
        query=QUERY if number % 2 else None,
        detail={"part": number, "code": None, "名称": "甲"},
    )


def case(
    query: UUID = QUERY,
    role: CaseRole = CaseRole.REQUESTER,
    state: QueryState = QueryState.SUBMITTED,
    opened_at: datetime = NOW,
) -> Case:
    return Case(
        query=query,
        role=role,
        requester="370000",
        state=state,
        opened=opened_at,
        updated=opened_at,
    )


def full_case() -> Case:
    line = RequestLine(1, 4, "320000", "住房公积金", "fund", ("余额",), None, date(2026, 2, 28))
    row = Row(
        part=1,
        resource="fund",
        holder="320000.housing-fund",
        leaf=True,
        due=LATER,
        order=digest(3),
        state=RowState.ANSWERED,
        fragments=(Fragment(1, b"\xff\xfe\xfb" + bytes(29), last=True),),
        closed=LATER,
    )
    return replace(
        case(state=QueryState.ANSWERED),
        application=digest(255),
        request=Request(bytes(16), "D1", "低保", 1, (line,), (b"\xfb" * 32,)),
        person_count=12,
        parts=(PartDigest("Roster", 1, digest(7), 12),),
        received=(digest(7),),
        rows=(row,),
        findings=(Finding("COUNT", "人数不符", "count differs", "申请!B7"),),
        decision=digest(9),
        decided_by="policy",
        decided=LATER,
        operator="值班员",
    )


def later_case() -> Case:
    """The full case with what a case came to hold since there were stores."""
    return replace(
        full_case(),
        review=Review(
            rule=2,
            mode="sampled",
            rate=50_000,
            draw=12_345,
            waits=Waits.SAMPLED,
            blocking=1,
            warnings=(Finding("ID_NUMBER_AREA", "请核对", "check", "名单 第 7 人"),),
        ),
        superseded=(digest(11),),
        withdrawn=(3, 4),
        rechecks=Recheck(OTHER_QUERY.bytes, digest(12), "OUTDATED"),
        assent=Assented("320000", digest(13), digest(14), "省级审查员", NOW),
        authority="测试县民政局",
        purged=LATER,
        withdrawal=Withdrawal("APPLICANT_WITHDREW", NOW, confirmed=True),
    )
