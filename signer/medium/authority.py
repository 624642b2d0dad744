"""Verifies, with nothing but the package and the root, under whose authority it asks (R012, R066).

The package carries the roster's envelope as the adapter received it, and the directory of the time.
Its seals are verified in clear, as any relay does: requester, hub, every node, each narrowing what
the one before allowed. The body stays sealed to the adapter, so that the agency learns of the
other lines of the request, and of other agencies' tasks, nothing.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from signer.certificates import PathValidator
from signer.directory.records import Adopted, adopt
from signer.directory.view import Directory, KeyUse
from signer.envelope import chain
from signer.envelope.format import OrderLine, Statement
from signer.envelope.kinds import Kind
from signer.envelope.verdict import RefusedEnvelope
from signer.errors import DirectoryError
from signer.identity import HUB
from signer.medium.failures import MediumError
from signer.medium.package import PackageHeader


@dataclass(frozen=True, slots=True)
class Step:
    """One hop of the order: who passed it on, to whom, when (UTC)."""

    sender: str
    to: str
    at: datetime


@dataclass(frozen=True, slots=True)
class Authority:
    """What the seals say, verified.

    `application` is the digest of the application that the hub approved; `order` the chain digest
    of the order to the adapter; `lines` what it orders; `persons` how many stand on the part.
    """

    query: UUID
    requester: str
    application: bytes
    order: bytes
    part: int
    persons: int
    lines: tuple[OrderLine, ...]
    approved: datetime
    path: tuple[Step, ...]
    directory: Directory


def signer_of(header: PackageHeader, validator: PathValidator, now: datetime) -> object:
    """Return the key that must have signed a QUERY: the adapter's, certified under the root.

    Raises:
        MediumError: `MEDIUM_SIGNER`: it names another key, or none.
        CertificateError: As `PathValidator.validate`.
    """
    if not header.certificates:
        raise MediumError("MEDIUM_SIGNER")
    leaf, *issuers = header.certificates
    found = validator.validate(
        leaf, issuers, use=KeyUse.SIGNING, participant=header.adapter, at=now
    )
    if found.key.id != header.signer or found.key.suite != header.suite:
        raise MediumError("MEDIUM_SIGNER")
    return found.key.public_key


def directory_of(records: Mapping[str, bytes], validator: PathValidator, made: datetime) -> Adopted:
    """Return the directory in a package, verified to the root as of when it was made.

    Raises:
        MediumError: `MEDIUM_AUTHORITY`.
    """
    try:
        return adopt(records, validator, None, made)
    except DirectoryError as error:
        raise MediumError("MEDIUM_AUTHORITY", f"directory: {error.code}") from None


def verify_authority(
    envelope: bytes, received: datetime, directory: Directory, header: PackageHeader
) -> Authority:
    """Verify the authority in a package.

    Args:
        envelope: The roster's envelope.
        received: When the adapter received it.
        directory: The directory in the package, verified.
        header: The package's header.

    Raises:
        MediumError: `MEDIUM_AUTHORITY`, naming what failed.
    """
    listed = directory.key(header.signer)
    if listed is None or listed[0].id != header.adapter or not listed[1].valid_at(header.made):
        raise _refused("signer")
    try:
        opened = chain.verify(envelope, directory, received, arrival=None)
    except RefusedEnvelope as ending:
        raise _refused(f"envelope: {ending.code}") from None
    found, statements = opened.header, opened.statements
    last = statements[-1]
    order = last.order
    if found.kind != Kind.ROSTER or last.to != header.adapter or order is None:
        raise _refused("order")
    approvals = [s for s in statements if s.sender == HUB and s.order is not None]
    if not approvals:
        raise _refused("approval")
    if received > header.made:
        raise _refused("times")
    return Authority(
        query=found.conversation,
        requester=found.source,
        application=order.application,
        order=opened.chain,
        part=found.roster_part or 0,
        persons=found.subject_count,
        lines=tuple(order.lines),
        approved=approvals[0].forwarded,
        path=_path(statements),
        directory=directory,
    )


def _path(statements: Sequence[Statement]) -> tuple[Step, ...]:
    return tuple(Step(s.sender, s.to, s.forwarded) for s in statements)


def _refused(where: str) -> MediumError:
    return MediumError("MEDIUM_AUTHORITY", where)
