"""A signed head over an audit chain (docs/spec/audit.md §3): makes, reads and verifies it.

A head is itself an entry of the chain, with the event `audit.head`. It signs the hash of the entry
it reaches to, and with that everything before; and the root of a Merkle tree over the entries since
the head before, so that one entry can be shown to be under it without showing any other.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from signer.audit.chain import AuditEntryError, Detail, Entry
from signer.directory.view import Key, KeyUse
from signer.envelope import merkle
from signer.envelope.format import Proof as MerkleProof
from signer.envelope.labels import lp, milliseconds
from signer.keyring import KeyRing
from signer.suites import SuiteError, suite
from signer.suites.p256_aes256gcm import P256Aes256Gcm
from signer.suites.suite import HASH_SIZE

HEAD = "audit.head"
"""Event of an entry that is a head."""

MAX_LEAVES = merkle.MAX_SIZE
"""Entries that one head covers directly."""

_LABEL = b"hedui/audit-head/1"
_LEAF = b"\x00hedui/audit-leaf/1"
# SHA-256, whatever suite signs: the chain is one through a change of suites.
_H = P256Aes256Gcm()


@dataclass(frozen=True, slots=True)
class Head:
    """A head of a participant's chain.

    It reaches to entry `number`, whose hash is `hash`; `root` is that of the tree over the entries
    after `after` up to it.
    """

    participant: str
    at: datetime
    after: int
    number: int
    hash: bytes
    root: bytes
    signer: bytes
    suite: str
    signature: bytes


@dataclass(frozen=True, slots=True)
class Inclusion:
    """Where an entry stands in the tree of a head; the head is named by its entry's number."""

    head: int
    index: int
    size: int
    path: tuple[bytes, ...]


def sign_head(
    ring: KeyRing, participant: str, at: datetime, after: int, hashes: Sequence[bytes]
) -> Head:
    """Sign a head over the entries that follow entry `after`.

    Args:
        ring: The participant's keys.
        participant: Whose chain it is.
        at: The present instant, whole milliseconds.
        after: The entry that the head before reaches to, 0 where there is none.
        hashes: The hashes of the entries after it, in order; 1 to `MAX_LEAVES`.

    Raises:
        KeyRingError: The key cannot sign.
    """
    number, root = after + len(hashes), tree_root(hashes)
    signer, name = ring.signing_key, ring.signing_suite
    unsigned = Head(participant, at, after, number, hashes[-1], root, signer, name, b"")
    signature = ring.sign(_signed(unsigned))
    return Head(participant, at, after, number, hashes[-1], root, signer, name, signature)


def head_detail(head: Head) -> Detail:
    """Return what a head's entry holds as detail."""
    return {
        "after": head.after,
        "number": head.number,
        "hash": head.hash.hex(),
        "root": head.root.hex(),
        "signer": head.signer.hex(),
        "suite": head.suite,
        "signature": head.signature.hex(),
    }


def head_of(entry: Entry) -> Head:
    """Return the head that an entry of the event `audit.head` is.

    Raises:
        AuditEntryError: `AUDIT_HEAD_MALFORMED`.
    """
    try:
        return _head(entry)
    except (ValueError, TypeError, KeyError):
        raise AuditEntryError(
            "AUDIT_HEAD_MALFORMED",
            "审计首页格式有误",
            "an audit head is malformed",
            where=f"audit {entry.number}",
        ) from None


def _head(entry: Entry) -> Head:
    detail = dict(entry.detail)
    after, number, name = (detail[part] for part in ("after", "number", "suite"))
    if type(after) is not int or type(number) is not int or not isinstance(name, str):
        raise TypeError
    head = Head(
        participant=entry.actor,
        at=entry.at,
        after=after,
        number=number,
        hash=_digest(detail["hash"]),
        root=_digest(detail["root"]),
        signer=_digest(detail["signer"]),
        suite=name,
        signature=bytes.fromhex(str(detail["signature"])),
    )
    fits = 0 <= after < number < entry.number and number - after <= MAX_LEAVES
    if not fits or entry.query is not None:
        raise ValueError
    # One form: hexadecimal has two cases, and a field too many would be signed by nobody.
    if head_detail(head) != detail or not (name.isascii() and entry.actor.isascii()):
        raise ValueError
    return head


def stamped_bytes(head: Head) -> bytes:
    """Return what a timestamp over a head covers: what was signed, and the signature."""
    return _signed(head) + head.signature


def verify_head(head: Head, key: Key) -> None:
    """Check a head's signature.

    Args:
        head: The head.
        key: The key of that id; whose it is, and whether it stands, is for the caller to judge.

    Raises:
        AuditEntryError: `AUDIT_HEAD_SIGNATURE`.
    """
    signing = suite(head.suite)
    fits = key.id == head.signer and key.use is KeyUse.SIGNING and key.suite == head.suite
    if signing is not None and fits:
        try:
            signing.verify(key.public_key, head.signature, _signed(head))
        except SuiteError:
            pass
        else:
            return
    raise AuditEntryError(
        "AUDIT_HEAD_SIGNATURE",
        "审计首页的签名无效",
        "the signature of an audit head is invalid",
        where=f"audit {head.number + 1}",
    )


def tree_root(hashes: Sequence[bytes]) -> bytes:
    """Return the root of the tree over the hashes of entries."""
    return merkle.tree(_H, [_H.hash(_LEAF, one) for one in hashes])[0]


def inclusion(head: int, hashes: Sequence[bytes], index: int) -> Inclusion:
    """Return where one of a head's entries stands in its tree.

    Args:
        head: The number of the head's entry.
        hashes: The hashes of all entries of the tree, in order.
        index: Which of them, from 0.
    """
    _, proofs = merkle.tree(_H, [_H.hash(_LEAF, one) for one in hashes])
    return Inclusion(head, index, len(hashes), proofs[index].path)


def includes(head: Head, number: int, entry: bytes, found: Inclusion) -> bool:
    """Whether the tree of a head holds an entry.

    Args:
        head: The head.
        number: The entry's number.
        entry: Its hash.
        found: Where it is said to stand.
    """
    if found.size != head.number - head.after or number != head.after + 1 + found.index:
        return False
    leaf = _H.hash(_LEAF, entry)
    if found.size == 1:
        return not found.path and leaf == head.root
    proof = MerkleProof(found.index, found.size, found.path)
    return merkle.root_from_proof(_H, leaf, proof) == head.root


def _signed(head: Head) -> bytes:
    return (
        _LABEL
        + lp(head.suite)
        + head.signer
        + lp(head.participant)
        + head.after.to_bytes(8)
        + head.number.to_bytes(8)
        + head.hash
        + head.root
        + milliseconds(head.at).to_bytes(8)
    )


def _digest(value: object) -> bytes:
    digest = bytes.fromhex(str(value))
    if len(digest) != HASH_SIZE:
        raise ValueError
    return digest
