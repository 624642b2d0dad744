"""What is done at the agency, offline: a package is verified and opened, the filled list packed.

It needs the agency's keys and the root certificate, no configuration and no network.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from uuid import UUID

from cryptography.hazmat.primitives.asymmetric import ec

from adapters.medium.contents import QueryContents, read_query, return_bytes
from adapters.template.read import FilledList, FilledWorkbook
from adapters.template.task import ListTask
from bus.errors import InputError
from schemas.resources import Resource, with_resources
from signer.certificates import PathValidator
from signer.envelope.format import OrderLine
from signer.keyring import KeyRing
from signer.medium.authority import Authority, directory_of, signer_of, verify_authority
from signer.medium.failures import MediumError
from signer.medium.package import (
    SUITE,
    PackageHeader,
    PackageKind,
    open_package,
    seal,
)


@dataclass(frozen=True, slots=True)
class OpenedQuery:
    """A query package, verified: its header, what it holds, under whose authority."""

    header: PackageHeader
    contents: QueryContents
    authority: Authority
    resource: Resource

    @property
    def task(self) -> ListTask:
        """What is asked."""
        return self.contents.task


def open_query(data: bytes, ring: KeyRing, validator: PathValidator, now: datetime) -> OpenedQuery:
    """Open a query package with every check, the authority's included.

    Args:
        data: The package's bytes.
        ring: The agency's keys.
        validator: Validates to the root as it was given to the agency.
        now: The present instant, UTC.

    Raises:
        MediumError: The first check that failed.
        CertificateError: The adapter's certificate is not acceptable.
    """
    verifier = partial(signer_of, validator=validator, now=now)
    header, plain = open_package(data, PackageKind.QUERY, ring, verifier, now)
    contents = read_query(plain, header.id)
    adopted = directory_of(contents.directory, validator, header.made)
    authority = verify_authority(contents.envelope, contents.received, adopted.directory, header)
    task = contents.task
    _agree(task, authority, header)
    known: Mapping[str, Resource] = with_resources(adopted.schemas)
    resource = known.get(task.resource)
    if resource is None or any(resource.item(item) is None for item in task.items):
        raise MediumError("MEDIUM_AUTHORITY", "resource")
    return OpenedQuery(header, contents, authority, resource)


def _agree(task: ListTask, authority: Authority, header: PackageHeader) -> None:
    """What the list asks is what was ordered: no other items, persons, term or requester."""
    key = task.token.key
    line = _line(authority, key.line)
    agreed = {
        "query": task.query == authority.query,
        "requester": task.requester == authority.requester,
        "provider": task.provider == header.adapter,
        "order": key.order == authority.order and key.part == authority.part,
        "resource": line is not None and line.resource == task.resource,
        "items": line is not None and set(task.items) <= set(line.items),
        "term": line is not None and line.due == task.due,
        "persons": len(task.persons) == authority.persons,
    }
    for name, agrees in agreed.items():
        if not agrees:
            raise MediumError("MEDIUM_AUTHORITY", name)


def _line(authority: Authority, number: int) -> OrderLine | None:
    return next((line for line in authority.lines if line.line == number), None)


def check_filled(query: OpenedQuery, workbook: bytes, now: datetime) -> FilledList:
    """Read a filled list as the centre will, so that faults are found where the data are.

    Raises:
        WorkbookFaults: With every fault, by place.
        InputError: `RETURN_OF_ANOTHER`: it is the list of another package.
    """
    filled = FilledWorkbook(workbook, now)
    if filled.token != query.task.token:
        raise InputError(
            "RETURN_OF_ANOTHER",
            "此清单不是该介质包中的清单",
            "this is the list of another package",
            remedy_zh="请核对任务编号",
            remedy_en="Compare the task's number",
        )
    return filled.answers(query.task, query.resource)


def pack(
    query: OpenedQuery,
    workbook: bytes,
    ring: KeyRing,
    now: datetime,
    package_id: UUID,
    secret: bytes,
) -> bytes:
    """Return the package that takes a filled list back to the centre.

    Args:
        query: The package it answers.
        workbook: The filled list, checked.
        ring: The agency's keys.
        now: The present instant, UTC, whole milliseconds.
        package_id: A new UUIDv7.
        secret: 32 random bytes.

    Raises:
        MediumError: `MEDIUM_AUTHORITY`: the package's directory has no key to seal to;
            `MEDIUM_SIZE`.
    """
    adapter = query.authority.directory.get(query.header.adapter)
    key = None if adapter is None else adapter.encryption_key(query.header.made, SUITE)
    if key is None or not isinstance(key.public_key, ec.EllipticCurvePublicKey):
        raise MediumError("MEDIUM_AUTHORITY", "encryption key")
    header = PackageHeader(
        kind=PackageKind.RETURN,
        id=package_id,
        answers=query.header.id,
        made=now,
        adapter=query.header.adapter,
        suite=SUITE,
        signer=ring.signing_key,
        recipient=key.id,
        certificates=(),
    )
    return seal(header, return_bytes(workbook), key.public_key, ring, secret)
