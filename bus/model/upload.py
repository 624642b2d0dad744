"""Periodic uploads (R112, R115): a department's table as it was handed in, version by version.

A version is whole: it holds what the department has of a resource as of a day, not what changed
since the last. So at most one version of a resource is current, and queries are answered from it.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date, datetime
from enum import StrEnum
from uuid import UUID


class UploadState(StrEnum):
    """What a version is: being loaded, in use, replaced by a newer one, or taken back."""

    STAGED = "STAGED"
    CURRENT = "CURRENT"
    SUPERSEDED = "SUPERSEDED"
    WITHDRAWN = "WITHDRAWN"


@dataclass(frozen=True, slots=True)
class UploadVersion:
    """One upload of one resource; stays as a record when its rows are destroyed.

    Attributes:
        id: Its id, UUIDv7; names the key that its rows are sealed under.
        resource: The resource's name.
        state: What it is.
        period: The reporting period it is for, e.g. `2026-10`, `2026-Q3`, `2026-H1`, `2025`.
        as_of: The day that its data is true as of (R072).
        received: When it was loaded.
        digest: SHA-256 of the file.
        schema: SHA-256 of the schema that its records are written by.
        rows: How many rows were loaded, those refused not counted.
        refused: How many rows were refused; their persons are known to be unanswerable.
        operator: Who loaded it, as the audit chain names it.
        leader: The responsible leader at the department; empty where not given (R125).
        handler: The handler (经办人) there; empty where not given (R125).
        ended: When it was superseded or withdrawn; None before.
        reason: Why it was withdrawn; empty where it was not.
        destroyed: When its rows were destroyed; None while they are here.
    """

    id: UUID
    resource: str
    state: UploadState
    period: str
    as_of: date
    received: datetime
    digest: bytes
    schema: bytes
    rows: int
    refused: int
    operator: str
    leader: str = ""
    handler: str = ""
    ended: datetime | None = None
    reason: str = ""
    destroyed: datetime | None = None


@dataclass(frozen=True, slots=True)
class UploadRow:
    """One row of a version.

    `person` is the HMAC of ID type and number under the store key; `ordinal` counts from 1 within
    the version; `sealed` is the record, None for a row that was refused.
    """

    person: bytes
    ordinal: int
    sealed: bytes | None = field(repr=False)


@dataclass(frozen=True, slots=True)
class UploadDuty:
    """That a resource is to be uploaded: since when, and the last period that was noted as late."""

    resource: str
    since: datetime
    late: str = ""
