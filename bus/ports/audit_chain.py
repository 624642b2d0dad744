"""The hash chain over audit entries (DESIGN §6; R076, R077): what changed afterwards is seen.

The bytes are `signer.audit.chain`'s (docs/spec/audit.md). A chain shows alteration, removal and
insertion; that its end was cut off is shown only by somebody who kept a later hash.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace

from bus.errors import DefectError
from bus.ports.instants import cut, from_milliseconds, to_milliseconds
from bus.ports.store import AuditEntry, AuditEvent
from bus.ports.store_errors import StoreCorrupt
from signer.audit import chain
from signer.audit.chain import GENESIS

__all__ = ["GENESIS", "canonical_bytes", "detail_text", "link", "verify"]


def detail_text(detail: Mapping[str, str | int | None]) -> str:
    """Return an event's detail as canonical JSON text.

    Raises:
        DefectError: `AUDIT_EVENT_INVALID`: a key that is no text, or a value that is not text,
            an integer or null. The field is named, its value is not.
    """
    for key, value in detail.items():
        if not isinstance(key, str):
            raise _invalid_event("")
        if value is not None and not isinstance(value, str | int):
            raise _invalid_event(key)
    return _coded(lambda: chain.canonical_json(dict(detail))).decode()


def canonical_bytes(number: int, event: AuditEvent) -> bytes:
    """Return the bytes of an entry that its hash covers, besides `prev`.

    Args:
        number: The entry's number, from 1.
        event: What happened.
    """
    return _coded(
        lambda: chain.canonical_bytes(
            chain.Entry(
                number=number,
                at=from_milliseconds(to_milliseconds(event.at)),
                event=event.event,
                actor=event.actor,
                query=event.query,
                detail=event.detail,
            )
        )
    )


def link(last: AuditEntry | None, event: AuditEvent) -> AuditEntry:
    """Return the entry that follows `last` (None: the first of a chain).

    The instant is cut to milliseconds first, so that the entry hashes as it is stored.

    Raises:
        DefectError: `AUDIT_EVENT_INVALID`, as `detail_text`.
    """
    detail_text(event.detail)
    kept = replace(event, at=cut(event.at), detail=dict(event.detail))
    number, prev = (1, GENESIS) if last is None else (last.number + 1, last.hash)
    return AuditEntry(number=number, event=kept, prev=prev, hash=_hash(number, kept, prev))


def verify(entries: Iterable[AuditEntry], after: AuditEntry | None = None) -> None:
    """Check that entries follow each other without gap or change.

    Args:
        entries: Entries in order, starting right after `after`.
        after: The last entry already verified; None when the entries start the chain.

    Raises:
        StoreCorrupt: `AUDIT_CHAIN_BROKEN`; `where` names the first entry that does not hold.
    """
    number, prev = (0, GENESIS) if after is None else (after.number, after.hash)
    for entry in entries:
        number += 1
        sound = (
            entry.number == number
            and entry.prev == prev
            and entry.hash == _hash(number, entry.event, prev)
        )
        if not sound:
            raise StoreCorrupt(
                "AUDIT_CHAIN_BROKEN",
                f"审计链在第 {number} 条断裂：该条被改动、删除或插入",
                f"the audit chain breaks at entry {number}: it was altered, removed or put in",
                remedy_zh="请封存数据库文件并与备份比对",
                remedy_en="set the database file aside and compare it with a backup",
                where=f"audit {number}",
            )
        prev = entry.hash


def _hash(number: int, event: AuditEvent, prev: bytes) -> bytes:
    return chain.entry_hash(prev, canonical_bytes(number, event))


def _coded(encode: Callable[[], bytes]) -> bytes:
    try:
        return encode()
    except UnicodeEncodeError:
        raise _invalid_event("") from None


def _invalid_event(key: str) -> DefectError:
    return DefectError(
        "AUDIT_EVENT_INVALID",
        "审计事件只能含 Unicode 文本，其明细只能是文本、整数或空值",
        "an audit event holds something else than Unicode text, or its detail something else than"
        " text, integers and null",
        where=key,
    )
