"""The record of a revocation: a file beside the certificates of the generation it is about."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path

from signer.ca.crl import Revocation, RevocationReason
from signer.errors import KeyFileError
from signer.secretfiles import read_public

REVOKED = "revoked.json"


def revoked_at(place: Path) -> datetime | None:
    """Return when a generation was revoked, None if it was not.

    Args:
        place: The folder of the generation, `issued/<id>/g<N>` or `services/<name>/g<N>`.

    Raises:
        KeyFileError: `KEY_FILE_MALFORMED`, `KEY_FILE_UNREADABLE`.
    """
    found = read_revocation(place)
    return None if found is None else found.at


def read_revocation(place: Path) -> Revocation | None:
    """Return the revocation of a generation, None if it was not revoked; as `revoked_at`."""
    path = place / REVOKED
    if not path.exists():
        return None
    try:
        data = json.loads(read_public(path))
        at = datetime.fromisoformat(data["at"])
        return Revocation(at.astimezone(UTC), RevocationReason(data["reason"]))
    except (ValueError, KeyError, TypeError):
        raise KeyFileError(
            "KEY_FILE_MALFORMED",
            "吊销记录有误",
            "the record of a revocation is malformed",
            remedy_zh="请从备份恢复",
            remedy_en="Restore it from the backup",
            where=str(path),
        ) from None
