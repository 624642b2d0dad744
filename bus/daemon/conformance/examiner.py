"""The hub's test peer: asks one test after the other, judges, signs the report (R014-R015)."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import datetime
from uuid import UUID

from bus.daemon.conformance.product import PRODUCT, SPECS
from bus.daemon.work import Work
from bus.errors import InputError, RefusedError, UnavailableError
from bus.flow.conformance import run as flow
from bus.flow.conformance.check import Asking, CaseToJudge, Challenge, ExamRules
from bus.flow.conformance.report import report_of
from bus.flow.outcome import Send
from bus.model.audit import Event
from bus.model.probe import (
    Probe,
    ProbeCase,
    ProbeHeader,
    ProbeRole,
    Run,
    RunPurpose,
    RunState,
)
from bus.ports.store import Unit
from bus.wire.message import Message
from signer.conformance import sign_report
from signer.directory.view import Key, Participant
from signer.envelope.choice import choose_suite, parties
from signer.envelope.kinds import KINDS, Kind
from signer.envelope.parse import reread
from signer.faulty.cases import made
from signer.faulty.workshop import Workshop
from signer.uuid7 import uuid7

Filed = Callable[[Unit, Run], Awaitable[object]]
"""Told of each run that ended, with its report, inside the transaction that ended it."""

_RULES = ExamRules()


@dataclass
class Examiner:
    """Tests participants.

    Attributes:
        rules: How.
        filed: Who else is told how each run ended: the hub's books of admission.
    """

    rules: ExamRules = _RULES
    filed: Filed | None = None

    async def take(self, work: Work, message: Message, probe: Probe) -> None:
        """Take a probe of a participant's.

        Raises:
            RefusedError: `PROBE_ROLE`, `PROBE_NOT_OWED`, `RUN_KNOWN`.
            UnavailableError: The next challenge cannot be sent yet.
        """
        source, run = message.header.source, message.header.conversation
        match probe.role:
            case ProbeRole.REQUEST:
                await self._requested(work, source, run, probe)
            case ProbeRole.RESPONSE:
                await self._answered(work, message, probe)
            case _:
                raise RefusedError(
                    "PROBE_ROLE",
                    "参与方不应发出此种检测消息",
                    "a participant makes no probe of this role",
                    where=str(run),
                )

    async def inspect(
        self, work: Work, participant: str, purpose: RunPurpose, operator: str | None = None
    ) -> Run:
        """Begin an inspection (巡检) of a participant that may exchange probes.

        Raises:
            InputError: `PARTICIPANT_UNKNOWN`, `PARTICIPANT_NOT_TESTABLE`, `RUN_IN_PROGRESS`.
            UnavailableError: As `Work.send`.
        """
        listed = work.office.directory.get(participant)
        if listed is None or participant == work.office.me:
            raise InputError(
                "PARTICIPANT_UNKNOWN",
                "目录中没有可检测的此参与方",
                "the directory lists no such participant to test",
                where=participant,
            )
        if listed.standing not in KINDS[Kind.PROBE].standings:
            raise InputError(
                "PARTICIPANT_NOT_TESTABLE",
                f"该参与方处于 {listed.standing}，不能检测",
                f"the participant is {listed.standing} and exchanges nothing",
                where=participant,
            )
        if any(one.participant == participant for one in await work.unit.running()):
            raise InputError(
                "RUN_IN_PROGRESS",
                "该参与方正在检测中",
                "a run of that participant goes on already",
                remedy_zh="请等它结束，或等它超时",
                remedy_en="Wait until it ends or times out",
                where=participant,
            )
        run = uuid7(work.now, work.office.entropy)
        opened = flow.open_run(run, participant, purpose, work.now, self.rules, operator)
        return await self._begin(work, opened, operator)

    async def time_out(self, work: Work, run: Run) -> Run:
        """End a run whose challenge was not answered in time."""
        return await self._end(work, flow.break_off(run, flow.UNANSWERED))

    async def _requested(self, work: Work, source: str, run: UUID, probe: Probe) -> None:
        if await work.unit.run(run) is not None:
            raise RefusedError(
                "RUN_KNOWN", "检测编号重复", "the id of the run is taken", where=str(run)
            )
        for earlier in await work.unit.running():
            if earlier.participant == source:
                # Its participant has begun anew, and no longer waits for this one.
                await self._end(work, flow.break_off(earlier, flow.SUPERSEDED))
        opened = flow.open_run(run, source, RunPurpose.ADMISSION, work.now, self.rules)
        opened = replace(opened, product=probe.product, specs=probe.specs)
        work.note(run, Event.TEST_REQUESTED, source)
        await self._begin(work, opened, None)

    async def _begin(self, work: Work, run: Run, operator: str | None) -> Run:
        work.note(
            run.id,
            Event.TEST_STARTED,
            None if operator is None else f"operator:{operator}",
            participant=run.participant,
            purpose=str(run.purpose),
        )
        return await self._go_on(work, run)

    async def _answered(self, work: Work, message: Message, probe: Probe) -> None:
        header = message.header
        run = await work.unit.run(header.conversation)
        if run is None or run.participant != header.source:
            raise flow.not_owed(header.conversation)
        run = flow.take(run, probe, header.in_reply_to, header.created, message.received)
        run = flow.judge(run, self.rules)
        if run.current:
            work.write(lambda: work.unit.save_run(run))
        else:
            await self._go_on(work, run)

    async def _go_on(self, work: Work, run: Run) -> Run:
        """Ask the next test, or end the run."""
        check = flow.next_check(run)
        if check is None:
            return await self._end(work, run)
        cases = await self._cases(work, run) if check.needs_cases else ()
        asking = Asking(work.office.entropy, self.rules, cases)
        challenges = await asyncio.to_thread(check.ask, asking)
        sent = await self._send(work, run, check.number, challenges)
        asked = flow.ask(run, check, sent, work.now, self.rules)
        work.write(lambda: work.unit.save_run(asked))
        return asked

    async def _send(
        self, work: Work, run: Run, test: int, challenges: Sequence[Challenge]
    ) -> list[tuple[Challenge, bytes]]:
        sent = []
        for number, challenge in enumerate(challenges, 1):
            probe = Probe(
                ProbeRole.CHALLENGE,
                test,
                number,
                len(challenges),
                PRODUCT,
                SPECS,
                challenge.data,
                challenge.cases,
            )
            send = Send(Kind.PROBE, run.participant, probe, (run.participant,))
            sealed = await work.send(run.id, send)
            sent.append((challenge, sealed.digest))
        return sent

    async def _cases(self, work: Work, run: Run) -> tuple[CaseToJudge, ...]:
        office, directory = work.office, work.office.directory
        listed, hop = directory.get(run.participant), directory.next_hop(office.me, run.participant)
        concerned = parties(directory, office.me, run.participant)
        suite = choose_suite(directory, office.ring, concerned, work.now, office.suite)
        reader = None if listed is None else _reader(listed, suite, work.now)
        if reader is None or hop is None:
            return ()  # then the challenge itself cannot be sent, which `Work.send` says
        kept = await work.stored(run.id, Kind.PROBE)
        ours = [stored for stored in kept if stored.sent]
        # The smallest, since it goes back whole.
        theirs = min((s for s in kept if not s.sent), key=lambda s: len(s.envelope), default=None)
        workshop = Workshop(
            me=office.me,
            ring=office.ring,
            suite=suite,
            entropy=office.entropy,
            directory=directory,
            tested=run.participant,
            hop=hop,
            reader=reader,
            now=work.now,
            returned=None if theirs is None else reread(theirs.envelope),
            earlier=ours[0].envelope if ours else None,
        )
        async with office.sealing:
            listed_cases = await asyncio.to_thread(made, workshop)
        return tuple(
            CaseToJudge(
                ProbeCase(
                    case.number,
                    given.data,
                    given.pad_to,
                    given.me,
                    given.peer,
                    given.key,
                    tuple(ProbeHeader(name, value) for name, value in given.headers),
                ),
                case.expect,
            )
            for case, given in listed_cases
        )

    async def _end(self, work: Work, run: Run) -> Run:
        office = work.office
        ended = flow.conclude(run, work.now, self.rules)
        report = report_of(ended, PRODUCT, office.directory.version)
        async with office.sealing:
            signed = await asyncio.to_thread(sign_report, office.ring, report)
        filed = replace(ended, report=signed)
        probe = Probe(ProbeRole.REPORT, 0, 1, 1, PRODUCT, SPECS, signed)
        # Who cannot be reached has its report here; the run has ended all the same.
        with suppress(UnavailableError):
            await work.send(run.id, Send(Kind.PROBE, run.participant, probe, (run.participant,)))
        work.write(lambda: work.unit.save_run(filed))
        if self.filed is not None:
            told = self.filed
            work.write(lambda: told(work.unit, filed))
        work.note(
            run.id,
            Event.TEST_ENDED,
            participant=run.participant,
            purpose=str(run.purpose),
            passed=int(filed.state is RunState.PASSED),
            codes=" ".join(result.code for result in run.results if result.code),
        )
        return filed


def _reader(participant: Participant, suite: str, now: datetime) -> Key | None:
    """Return the key to seal to a participant with: of the suite, or of any it has."""
    return participant.encryption_key(now, suite) or participant.encryption_key(now)
