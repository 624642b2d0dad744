"""Certificates of those who are admitted: their first ones, and those of renewals."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from bus.daemon.admission.certifier import Certifier
from bus.daemon.admission.record import known_admission, save
from bus.daemon.office import Office
from bus.errors import HeduiError, InputError
from bus.model.admission import Admission, IssuedGeneration, QueuedRenewal
from bus.ports.instants import cut
from bus.ports.store import Store
from bus.rules import admission as rules
from signer.admission.grant import write_grant
from signer.directory.view import KeyUse

RENEWED = "按换证请求在线签发"
"""The reason of certificates that the hub issued by itself."""


@dataclass(frozen=True, slots=True)
class Waiting:
    """A renewal that waits, and the registered addresses of its participant."""

    renewal: QueuedRenewal
    hosts: tuple[str, ...]


@dataclass
class Certifying:
    """The part of the hub's admission that is about certificates.

    Attributes:
        certifier: Takes or makes certificates.
        publish: Has the directory published.
    """

    office: Office
    store: Store
    certifier: Certifier
    publish: Callable[[], None]

    async def certify(
        self, participant: str, given: bytes | None, operator: str, reason: str
    ) -> tuple[Admission, bytes]:
        """Take, or issue, the certificates an accepted application or a renewal asks for.

        What was issued already is given again: a grant can be lost on the way.

        Args:
            participant: Who gets them.
            given: The grant that `hedui ca certify` made; None to issue here.
            operator: Who does it.
            reason: Why.

        Returns:
            The admission, and the grant that the participant imports.

        Raises:
            InputError: `ADMISSION_UNKNOWN`, `ADMISSION_ILLEGAL`, `GENERATION_TAKEN`,
                `AUTHORITY_MISSING`, `GRANT_OTHER`, `KEY_LISTED`.
            AdmissionError, CertificateError: The grant is not what was asked for.
            HeduiError: The authority's files cannot be used.
        """
        return await self._certify(participant, given, operator, reason)

    async def make_renewals(self) -> int:
        """Issue for the renewals that wait, where the hub issues by itself; returns how many.

        One that cannot be made stops no other, and is tried again.

        Raises:
            HeduiError: Of the first that could not be made.
        """
        if self.certifier.authority is None:
            return 0
        made, failure = 0, None
        for renewal in await self.renewals():
            try:
                await self._certify(renewal.participant, None, None, RENEWED)
                made += 1
            except HeduiError as error:
                failure = failure or error
        if failure is not None:
            raise failure
        return made

    async def _certify(
        self, participant: str, given: bytes | None, operator: str | None, reason: str
    ) -> tuple[Admission, bytes]:
        by = self.office.me if operator is None else operator
        async with self.store.transaction() as unit:
            known = await known_admission(unit, participant)
            asked = await self.certifier.asked(unit, known)
        now = cut(self.office.clock.now())
        earlier = self.certifier.earlier(known, asked)
        if given is None and earlier is not None:
            return known, write_grant(earlier)
        grant = await asyncio.to_thread(self.certifier.grant, known, asked, given)
        issued = IssuedGeneration(
            grant.generation,
            tuple(grant.certificates[use] for use in KeyUse),
            grant.issuers,
            now,
        )
        async with self.store.transaction() as unit:
            known = await known_admission(unit, participant)
            made = rules.issue(known, issued, by, reason)
            await unit.end_renewal(participant)
            await save(self.office, unit, made, operator, grant.generation)
        self.publish()
        return made, write_grant(grant)

    async def renewals(self) -> Sequence[QueuedRenewal]:
        """Return the renewals that wait for `certify`."""
        async with self.store.transaction() as unit:
            return await unit.renewals()

    async def waiting(self) -> Sequence[Waiting]:
        """Return the renewals that wait, with the addresses their TLS certificates are to name."""
        async with self.store.transaction() as unit:
            queued = await unit.renewals()
            known = {one.participant: one for one in await unit.admissions()}
        return [Waiting(one, _hosts(known.get(one.participant))) for one in queued]

    async def renewal(self, participant: str) -> QueuedRenewal:
        """Return a renewal that waits.

        Raises:
            InputError: `RENEWAL_UNKNOWN`.
        """
        queued = {one.participant: one for one in await self.renewals()}.get(participant)
        if queued is None:
            raise InputError(
                "RENEWAL_UNKNOWN",
                "该参与方没有等待签发的换证请求",
                "no renewal of that participant waits",
                where=repr(participant[:64]),
            )
        return queued


def _hosts(known: Admission | None) -> tuple[str, ...]:
    return () if known is None or known.in_force is None else known.in_force.hosts
