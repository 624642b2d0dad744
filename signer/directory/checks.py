"""Checks of single directory records against keys, time and the directory in use.

The numbers are those of `signer.directory.records`.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta

from signer.directory.signed import SignedRecord, verify_record
from signer.directory.view import Key
from signer.errors import DirectoryError

HEAD_KEY = "head"
"""Kafka key of the head; an entry's is its participant's id."""

GRACE = timedelta(hours=72)
"""How long past its expiry a directory is still used, with an alarm, when the hub is silent."""

SKEW = timedelta(minutes=2)
"""How far two clocks may differ."""


def head_signer(
    head: SignedRecord, hub_keys: Mapping[bytes, Key], issued: datetime, at: datetime
) -> Key:
    """2. Return the key that signed a head.

    Args:
        head: The head.
        hub_keys: The hub's signing keys, validated to the root, by id.
        issued: When the head says it was issued.
        at: The other instant at which the key must be valid.

    Raises:
        DirectoryError: `DIRECTORY_SIGNER`, `DIRECTORY_SIGNER_INVALID`.
    """
    key = hub_keys.get(head.signer)
    if key is None:
        raise DirectoryError(
            "DIRECTORY_SIGNER",
            "目录首页的签名密钥不属于部中心",
            "the head's signer is no signing key of the hub",
            where=HEAD_KEY,
        )
    if not (key.valid_at(issued) and key.valid_at(at)):
        raise DirectoryError(
            "DIRECTORY_SIGNER_INVALID",
            "目录首页的签名密钥已过期、未生效或已吊销",
            "the head's signing key is expired, not yet valid or revoked",
            where=HEAD_KEY,
        )
    return key


def check_succession(head: SignedRecord, known: int, known_digest: bytes) -> None:
    """4. Check a head against the version and digest of the one in use.

    Raises:
        DirectoryError: `DIRECTORY_ROLLBACK`, `DIRECTORY_EQUIVOCATION`, `DIRECTORY_PREV`.
    """
    version = head.content["version"]
    check_rollback(HEAD_KEY, version, known)
    if version == known and head.digest != known_digest:
        raise DirectoryError(
            "DIRECTORY_EQUIVOCATION",
            "同一目录版本有两种内容",
            f"directory version {version} has two contents",
            remedy_zh="请立即联系部中心核实",
            remedy_en="Ask the hub at once",
            where=HEAD_KEY,
        )
    # Compaction may have removed heads between; only the direct successor can be compared.
    if version == known + 1 and head.content["prev"] != known_digest:
        raise DirectoryError(
            "DIRECTORY_PREV",
            "新目录没有接续现用目录",
            "the head does not follow the one in use",
            remedy_zh="请立即联系部中心核实",
            remedy_en="Ask the hub at once",
            where=HEAD_KEY,
        )


def check_time(issued: datetime, expires: datetime, now: datetime) -> None:
    """5. Check that a head is not from the future and not past its grace.

    Raises:
        DirectoryError: `DIRECTORY_NOT_YET_VALID`, `DIRECTORY_EXPIRED`.
    """
    if issued > now + SKEW:
        raise DirectoryError(
            "DIRECTORY_NOT_YET_VALID",
            "目录签发时间在将来",
            "the head was issued in the future",
            remedy_zh="请核对本机时间",
            remedy_en="Check this machine's clock",
            where=HEAD_KEY,
        )
    if now - GRACE > expires:  # near the calendar's end nothing can be added to `expires`
        raise DirectoryError(
            "DIRECTORY_EXPIRED",
            "目录已过期且超过宽限期",
            "the head has expired and its grace has passed",
            remedy_zh="请检查与部中心的连接",
            remedy_en="Check the connection to the hub",
            where=HEAD_KEY,
        )


def check_signer(
    entry: SignedRecord, hub_keys: Mapping[bytes, Key], name: str, now: datetime
) -> None:
    """7. Check that an entry is signed by the hub.

    The head vouches for the entry's content, so a hub key that has expired since will do; a
    revoked one will not.

    Raises:
        DirectoryError: `DIRECTORY_SIGNER`, `DIRECTORY_SIGNER_INVALID`, `DIRECTORY_SIGNATURE`.
    """
    key = hub_keys.get(entry.signer)
    if key is None:
        raise DirectoryError(
            "DIRECTORY_SIGNER",
            "目录条目的签名密钥不属于部中心",
            "the entry's signer is no signing key of the hub",
            where=name,
        )
    if key.revoked is not None and key.revoked <= now:
        raise DirectoryError(
            "DIRECTORY_SIGNER_INVALID",
            "目录条目的签名密钥已吊销",
            "the entry's signing key is revoked",
            where=name,
        )
    verify_record(entry, key, name)


def check_rollback(where: str, offered: int, known: int) -> None:
    """4 and 7. Check that a version is not lower than the one in use.

    Raises:
        DirectoryError: `DIRECTORY_ROLLBACK`.
    """
    if offered >= known:
        return
    raise DirectoryError(
        "DIRECTORY_ROLLBACK",
        f"目录版本倒退：{offered} 低于现用的 {known}",
        f"version {offered} is lower than {known}, which is in use",
        remedy_zh="请立即联系部中心核实",
        remedy_en="Ask the hub at once",
        where=where,
    )
