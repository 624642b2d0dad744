"""What the hub's operator does about admission (R007-R010, R013-R016); the HTTP face calls these.

Every act names an operator and is audited. What it changes in the directory is published at once.
"""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from bus.daemon.admission.certifying import Certifying
from bus.daemon.admission.papers import Papers, filing_of
from bus.daemon.admission.record import by_operator, known_admission, save
from bus.daemon.work import Work
from bus.errors import InputError
from bus.model.admission import (
    Act,
    Admission,
    AdmissionState,
    ConformanceReport,
    Revocation,
)
from bus.model.audit import Event
from bus.ports.instants import cut
from bus.ports.store import Unit
from bus.rules import admission as rules
from signer.admission.application import read_application
from signer.admission.contents import AdmissionApplication
from signer.directory.tree import MAX_NODES
from signer.identity import HUB, Role, role_of

_REPORTED = frozenset({Act.CONNECT, Act.RESUME})
"""Acts that a valid conformance report must allow (R014)."""


@dataclass(frozen=True, slots=True)
class Dossier:
    """Everything on file about a participant (备案, R008), contacts in clear; reading is audited.

    `applications` are the files of its filings, in their order.
    """

    admission: Admission
    applications: tuple[AdmissionApplication, ...]
    report: ConformanceReport | None
    revocations: tuple[Revocation, ...]


@dataclass
class AdmissionService(Certifying):
    """The hub's admission of participants; what is about certificates stands in `Certifying`.

    Attributes:
        filed: Returns the ids in the list's file, which admission leaves alone.
    """

    filed: Callable[[], frozenset[str]]

    async def admissions(
        self, states: Sequence[AdmissionState] | None = None
    ) -> Sequence[Admission]:
        """Return the admissions by participant id, of all states or the given ones."""
        async with self.store.transaction() as unit:
            found = await unit.admissions()
        return [one for one in found if states is None or one.state in states]

    async def dossier(self, participant: str, operator: str) -> Dossier:
        """Return everything on file about a participant; audited, for it names persons.

        Raises:
            InputError: `ADMISSION_UNKNOWN`.
        """
        async with self.store.transaction() as unit:
            admission = await known_admission(unit, participant)
            papers = Papers(self.office, unit)
            applications = [await papers.application(f.digest) for f in admission.filings]
            report = await unit.report(participant)
            revoked = [r for r in await unit.revocations() if r.participant == participant]
            work = Work(self.office, unit, self.office.clock.now())
            work.note(None, Event.ADMISSION_READ, by_operator(operator), participant=participant)
            await work.finish()
        return Dossier(admission, tuple(applications), report, tuple(revoked))

    async def submit(self, data: bytes, operator: str, reason: str) -> Admission:
        """File a written application (书面申请, R007); it waits for approval.

        Raises:
            AdmissionError: It is no acceptable application file.
            InputError: `PARTICIPANT_LISTED`: the list's file has it; `ADMISSION_ILLEGAL`.
        """
        read = await asyncio.to_thread(read_application, data)
        if read.participant in await asyncio.to_thread(self.filed):
            raise InputError(
                "PARTICIPANT_LISTED",
                "该参与方已在清单文件中",
                "the participant is in the list's file",
                remedy_zh="如改为办理入网，请先从 participants.toml 中删除",
                remedy_en="To admit it instead, take it out of participants.toml first",
                where=read.participant,
            )
        async with self.store.transaction() as unit:
            now = cut(self.office.clock.now())
            filing = filing_of(read, now)
            known = await unit.admission(read.participant)
            made = rules.apply(known, read.participant, filing, operator, reason)
            await Papers(self.office, unit).file(read, data, now)
            await save(self.office, unit, made, operator)
        return made

    async def amend(self, data: bytes, operator: str, reason: str) -> Admission:
        """File and accept changed contacts, standards, addresses or offers (R009, R010, R013).

        Raises:
            AdmissionError: It is no acceptable application file.
            InputError: `ADMISSION_UNKNOWN`, `ADMISSION_ILLEGAL`, `AMENDMENT_PARENT`.
        """
        read = await asyncio.to_thread(read_application, data)
        async with self.store.transaction() as unit:
            now = cut(self.office.clock.now())
            known = await known_admission(unit, read.participant)
            made = rules.amend(known, filing_of(read, now), operator, reason)
            await Papers(self.office, unit).file(read, data, now)
            await save(self.office, unit, made, operator)
        self.publish()
        return made

    async def act(self, participant: str, act: Act, operator: str, reason: str) -> Admission:
        """Approve, refuse, connect, suspend, resume, have tested again, or withdraw.

        Raises:
            InputError: `ADMISSION_UNKNOWN`, `ADMISSION_ILLEGAL`; to connect or resume:
                `REPORT_MISSING`, `REPORT_FAILED`, `REPORT_EXPIRED`; to approve:
                `PARENT_NOT_LISTED`, `PARENT_TOO_DEEP`.
        """
        async with self.store.transaction() as unit:
            now = cut(self.office.clock.now())
            known = await known_admission(unit, participant)
            if act is Act.APPROVE:
                self._check_parent(known)
            if act in _REPORTED:
                rules.check_report(await unit.report(participant), participant, now)
            made = rules.move(known, act, operator, reason, now)
            await save(self.office, unit, made, operator)
        self.publish()
        return made

    async def revoke(
        self, participant: str, generation: int, operator: str, reason: str
    ) -> Revocation:
        """Revoke the keys of one generation from now on, of any participant that is listed.

        Raises:
            InputError: `GENERATION_UNKNOWN`, `GENERATION_REVOKED`; `GENERATION_SIGNS`: it is the
                one the hub signs the directory with.
        """
        listed = self.office.directory.get(participant)
        if listed is None or all(key.generation != generation for key in listed.keys):
            raise InputError(
                "GENERATION_UNKNOWN",
                "目录中没有该参与方的这一代密钥",
                "the directory lists no keys of that participant and generation",
                where=f"{participant} {generation}",
            )
        mine = self.office.directory.key(self.office.ring.signing_key)
        if participant == HUB and mine is not None and mine[1].generation == generation:
            raise InputError(
                "GENERATION_SIGNS",
                "部中心正以这一代密钥签发目录",
                "the hub signs the directory with that generation",
                remedy_zh="请先为部中心换发下一代密钥并重新启动，再吊销这一代",
                remedy_en="Renew the hub's keys and restart it, then revoke this generation",
                where=f"{participant} {generation}",
            )
        async with self.store.transaction() as unit:
            now = cut(self.office.clock.now())
            made = Revocation(participant, generation, now, operator, reason)
            if not await unit.revoke(made):
                raise InputError(
                    "GENERATION_REVOKED",
                    "这一代密钥已吊销",
                    "that generation is revoked already",
                    where=f"{participant} {generation}",
                )
            known = await unit.admission(participant)
            if known is not None:
                why = f"g{generation} {reason}"
                await unit.save_admission(rules.move(known, Act.REVOKE, operator, why, now))
            work = Work(self.office, unit, now)
            work.note(
                None,
                Event.KEYS_REVOKED,
                by_operator(operator),
                participant=participant,
                generation=generation,
                reason=reason,
            )
            await work.finish()
        self.publish()
        return made

    async def take_report(self, unit: Unit, report: ConformanceReport) -> None:
        """Keep a verified conformance report; one that passed makes a CERTIFIED participant TESTED.

        The caller publishes, with `publish`, after its transaction.

        Args:
            unit: The open transaction.
            report: The report; that it is signed by the hub is the caller's to know.
        """
        await unit.put_report(report)
        known = await unit.admission(report.participant)
        work = Work(self.office, unit, report.made)
        work.note(
            None,
            Event.REPORT_FILED,
            participant=report.participant,
            passed=int(report.passed),
        )
        await work.finish()
        if report.passed and known is not None and known.state is AdmissionState.CERTIFIED:
            digest = hashlib.sha256(report.report).hexdigest()
            moved = rules.move(known, Act.TEST, self.office.me, digest, cut(report.made))
            await save(self.office, unit, moved, None)

    def _check_parent(self, known: Admission) -> None:
        """Check that the place in the tree can be had, so that the directory stays a tree."""
        directory, parent = self.office.directory, known.filing.parent
        path = directory.path_up(parent)
        if path[-1:] == (HUB,) and known.participant not in path:
            self._check_depth(known, path)
            return
        raise InputError(
            "PARENT_NOT_LISTED",
            "目录中没有其上级，或其上级在它之下",
            "its parent is not in the directory, or stands below it",
            remedy_zh="请先为上级办理入网（发证）",
            remedy_en="Admit the parent first, up to its certificates",
            where=f"{known.participant} {parent}",
        )

    def _check_depth(self, known: Admission, above: Sequence[str]) -> None:
        """Check that it, and what stands below it already, are not too deep in the tree."""
        listed = self.office.directory
        ways = [listed.path_up(one) for one in listed.participants]
        below = [way[: way.index(known.participant)] for way in ways if known.participant in way]
        nodes = [role_of(one) is Role.NODE for one in (known.participant, *above)]
        deepest = max((sum(role_of(one) is Role.NODE for one in way) for way in below), default=0)
        if sum(nodes) + deepest > MAX_NODES:
            raise InputError(
                "PARENT_TOO_DEEP",
                f"部中心以下至多 {MAX_NODES} 级节点",
                f"at most {MAX_NODES} levels of nodes fit below the hub",
                remedy_zh="请由其上级之一直接代为接入",
                remedy_en="Let it join under a centre higher up",
                where=f"{known.participant} {known.filing.parent}",
            )
