"""Walks an audit chain from its first entry: hashes, signed heads, timestamps (docs/spec/audit.md).

Page by page, so that a chain of any length can be walked, from a daemon's store or from a copy.
"""

from __future__ import annotations

from base64 import b64decode
from binascii import Error as Base64Error
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime

from bus.model.audit import Event
from bus.ports.audit_chain import verify
from bus.ports.store import AuditEntry
from bus.ports.store_errors import StoreCorrupt
from schemas.errors import HeduiError
from signer.audit.chain import Detail, Entry
from signer.audit.heads import Head, head_of, stamped_bytes, tree_root, verify_head
from signer.certificates import PathValidator, require, require_period, to_key
from signer.directory.view import Key, KeyUse
from signer.timestamps import verify_timestamp


@dataclass(frozen=True, slots=True)
class Walked:
    """What a walk has found whole.

    Attributes:
        entries: Entries that follow each other.
        heads: Signed heads that verify.
        signed_to: The entry that the last head reaches to, 0 without one: what follows is not
            signed yet, and could be cut off without a trace.
        signed_at: When the last head was made; None without one.
        timestamps: Timestamps that verify.
        stamped_to: The entry up to which an authority vouches, 0 without one.
        stamped_at: The time of the last timestamp; None without one.
        traced: Whether the signers' certificates were traced to a root.
    """

    entries: int = 0
    heads: int = 0
    signed_to: int = 0
    signed_at: datetime | None = None
    timestamps: int = 0
    stamped_to: int = 0
    stamped_at: datetime | None = None
    traced: bool = False


@dataclass
class AuditWalk:
    """One walk over the chain of a participant.

    Attributes:
        participant: Whose chain it is; None: whoever made its first head.
        validator: Validates the signers' certificates to a root; None: they are taken as they
            stand in the chain.
        walked: What was found whole so far.
    """

    participant: str | None
    validator: PathValidator | None
    walked: Walked = field(default_factory=Walked)
    _last: AuditEntry | None = None
    _keys: dict[bytes, Key] = field(default_factory=dict)
    _heads: dict[int, Head] = field(default_factory=dict)
    _hashes: list[bytes] = field(default_factory=list)
    """The hashes of the entries after the one the last head reaches to."""

    def __post_init__(self) -> None:
        self.walked = replace(self.walked, traced=self.validator is not None)

    def take(self, entries: Sequence[AuditEntry]) -> None:
        """Walk on over the entries that follow.

        Raises:
            StoreCorrupt: `AUDIT_CHAIN_BROKEN`, `AUDIT_SIGNER_INVALID`, `AUDIT_HEAD_INVALID`,
                `AUDIT_TIMESTAMP_INVALID`; `where` names the first entry that does not hold.
        """
        for entry in entries:
            verify([entry], self._last)
            self._last = entry
            match entry.event.event:
                case Event.AUDIT_SIGNER:
                    self._checked("AUDIT_SIGNER_INVALID", entry, self._signer)
                case Event.AUDIT_HEAD:
                    self._checked("AUDIT_HEAD_INVALID", entry, self._head)
                case Event.AUDIT_TIMESTAMPED:
                    self._checked("AUDIT_TIMESTAMP_INVALID", entry, self._timestamp)
            self._hashes.append(entry.hash)
            self.walked = replace(self.walked, entries=entry.number)

    def _checked(self, code: str, entry: AuditEntry, check: Callable[[AuditEntry], None]) -> None:
        zh, en = _TEXTS[code]
        try:
            check(entry)
        except HeduiError as error:
            zh, en = f"{zh}：{error.zh}（{error.code}）", f"{en}: {error.en} ({error.code})"
        except (ValueError, KeyError, IndexError, Base64Error):
            pass
        else:
            return
        raise StoreCorrupt(
            code,
            zh,
            en,
            remedy_zh="请封存数据库文件并与备份比对",
            remedy_en="set the database file aside and compare it with a backup",
            where=f"audit {entry.number}",
        )

    def _signer(self, entry: AuditEntry) -> None:
        detail = entry.event.detail
        certificate = b64decode(str(detail["certificate"]), validate=True)
        key = to_key(certificate)
        if self.validator is not None:
            issuers = _der(detail, "issuers")
            found = self.validator.path(certificate, issuers)
            require(found, use=KeyUse.SIGNING, participant=self.participant or entry.event.actor)
            key = found.key
        if key.id.hex() != detail["key"]:
            raise ValueError
        self._keys[key.id] = key

    def _head(self, entry: AuditEntry) -> None:
        event = entry.event
        head = head_of(
            Entry(entry.number, event.at, event.event, event.actor, event.query, event.detail)
        )
        self.participant = self.participant or head.participant
        size = head.number - head.after
        hashes = self._hashes[:size]
        sound = (
            head.participant == self.participant
            and head.after == self.walked.signed_to
            and len(hashes) == size
            and head.hash == hashes[-1]
            and head.root == tree_root(hashes)
        )
        if not sound:
            raise ValueError
        key = self._keys[head.signer]
        require_period(key, head.at)
        verify_head(head, key)
        del self._hashes[:size]
        self._heads[entry.number] = head
        self.walked = replace(
            self.walked, heads=self.walked.heads + 1, signed_to=head.number, signed_at=head.at
        )

    def _timestamp(self, entry: AuditEntry) -> None:
        detail = entry.event.detail
        head = self._heads[int(str(detail["head"]))]
        response = b64decode(str(detail["response"]), validate=True)
        found = verify_timestamp(response, stamped_bytes(head), _der(detail, "certificates"))
        self.walked = replace(
            self.walked,
            timestamps=self.walked.timestamps + 1,
            stamped_to=max(self.walked.stamped_to, head.number),
            stamped_at=found.time,
        )


_TEXTS = {
    "AUDIT_SIGNER_INVALID": (
        "审计链所载的签名证书无效",
        "a signing certificate in the audit chain does not hold",
    ),
    "AUDIT_HEAD_INVALID": ("审计首页无效", "a signed head of the audit chain does not hold"),
    "AUDIT_TIMESTAMP_INVALID": ("审计时间戳无效", "a timestamp in the audit chain does not hold"),
}


def _der(detail: Detail, name: str) -> list[bytes]:
    return [b64decode(one, validate=True) for one in str(detail[name]).split(" ")]
