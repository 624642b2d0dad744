"""What operators can do about test runs; the HTTP face calls these (R014-R016).

Nothing here is personal data, so that looking needs no name; what begins a run or makes a circular
names an operator and is audited.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from uuid import UUID

from bus.daemon.conformance import examinee
from bus.daemon.conformance.examiner import Examiner
from bus.daemon.office import Office
from bus.daemon.service import Wake
from bus.daemon.work import Work
from bus.errors import InputError
from bus.flow.conformance.documents import Circular, circular_text, report_text
from bus.flow.conformance.inspection import LATEST, overdue
from bus.flow.conformance.report import admitting
from bus.model.audit import Event
from bus.model.probe import Run, RunPurpose
from bus.ports.store import Store, Unit
from bus.rules.working_days import SHANGHAI
from signer.conformance import read_report
from signer.directory.view import Standing
from signer.identity import Role

_DAY = timedelta(days=1)

LISTED_FOR = timedelta(days=400)
"""How far back runs are listed: more than a year of reports."""

LONGEST_PERIOD = timedelta(days=400)
"""Longest period of a circular."""


@dataclass
class ConformanceService:
    """Test runs, as the hub makes them or a node is tested by them.

    Attributes:
        wake: Called after every commit that may have filled the outbox.
        examiner: How the hub tests; of no effect at a node.
    """

    office: Office
    store: Store
    wake: Wake
    examiner: Examiner

    async def request(self, operator: str) -> Run:
        """Ask the hub for the pre-connection test (入网前检测).

        Raises:
            UnavailableError: No directory yet, or no way to the hub.
        """
        async with self.store.transaction() as unit:
            work = Work(self.office, unit, self.office.clock.now())
            run = await examinee.request(work, operator)
            await work.finish()
        self.wake()
        return run

    async def inspect(self, participant: str, operator: str) -> Run:
        """Begin an inspection (巡检) on order.

        Raises:
            InputError: `PARTICIPANT_UNKNOWN`, `PARTICIPANT_NOT_TESTABLE`, `RUN_IN_PROGRESS`.
            UnavailableError: No directory yet, or no way to the participant.
        """
        async with self.store.transaction() as unit:
            work = Work(self.office, unit, self.office.clock.now())
            run = await self.examiner.inspect(work, participant, RunPurpose.ORDERED, operator)
            await work.finish()
        self.wake()
        return run

    async def runs(self) -> Sequence[Run]:
        """Return the runs of the last 400 days, newest first."""
        now = self.office.clock.now()
        async with self.store.transaction() as unit:
            return (await unit.runs(now - LISTED_FOR, now + _DAY))[::-1]

    async def run(self, run: UUID) -> Run:
        """Return a run.

        Raises:
            InputError: `RUN_UNKNOWN`.
        """
        async with self.store.transaction() as unit:
            found = await unit.run(run)
        if found is None:
            raise InputError("RUN_UNKNOWN", "没有此检测", "no such test run", where=str(run))
        return found

    async def report(self, run: UUID) -> bytes:
        """Return the signed report on a run.

        Raises:
            InputError: `RUN_UNKNOWN`, `REPORT_NOT_HERE`.
        """
        report = (await self.run(run)).report
        if report is None:
            raise InputError(
                "REPORT_NOT_HERE",
                "该检测尚无报告",
                "there is no report on that run yet",
                remedy_zh="请等检测结束",
                remedy_en="Wait until the run has ended",
                where=str(run),
            )
        return report

    async def document(self, run: UUID) -> str:
        """Return the report on a run as people read it, its signature verified.

        Raises:
            InputError: As `report`.
            ReportError: The report no longer verifies under the directory in force.
            UnavailableError: `DIRECTORY_NOT_READ`.
        """
        report = read_report(await self.report(run), self.office.directory)
        titles = self._titles()
        return report_text(report, titles.get(report.participant, report.participant))

    async def circular(self, since: date, until: date, operator: str) -> str:
        """Return the circular (通报) over a period, audited.

        Args:
            since: Its first day, in Asia/Shanghai.
            until: Its last day.
            operator: Who makes it.

        Raises:
            InputError: `PERIOD_INVALID`.
            UnavailableError: `DIRECTORY_NOT_READ`.
        """
        begin, end = _midnight(since), _midnight(until) + _DAY
        if not begin < end <= begin + LONGEST_PERIOD:
            raise InputError(
                "PERIOD_INVALID",
                f"期间颠倒或超过 {LONGEST_PERIOD.days} 天",
                f"the period ends before it begins, or is longer than {LONGEST_PERIOD.days} days",
                where=f"{since} {until}",
            )
        now = self.office.clock.now()
        async with self.store.transaction() as unit:
            runs = await unit.runs(begin, end)
            late, expired = await self._late(unit, now)
            work = Work(self.office, unit, now)
            work.note(
                None,
                Event.CIRCULAR_MADE,
                f"operator:{operator}",
                since=str(since),
                until=str(until),
                runs=len(runs),
            )
            await work.finish()
        titles = self._titles()
        return circular_text(Circular(since, until, now, tuple(runs), late, expired, titles))

    async def _late(self, unit: Unit, now: datetime) -> tuple[tuple[str, ...], tuple[str, ...]]:
        """Return who was not inspected for too long, and who has no valid report."""
        rules = self.examiner.rules
        inspected = await unit.runs(now - (LATEST + 1) * rules.inspect_every, now + _DAY)
        last = {run.participant: run.opened for run in inspected}
        # A report may be made some time after its run was opened.
        reported = await unit.runs(now - rules.valid_for - 2 * _DAY, now + _DAY)
        late, expired = [], []
        for name, participant in sorted(self.office.directory.participants.items()):
            if name == self.office.me or participant.standing is not Standing.CONNECTED:
                continue
            if rules.inspect_every and overdue(last.get(name), now, rules):
                late.append(name)
            own = [run for run in reported if run.participant == name]
            if participant.role is Role.NODE and admitting(own, now) is None:
                expired.append(name)
        return tuple(late), tuple(expired)

    def _titles(self) -> Mapping[str, str]:
        return {name: p.title for name, p in self.office.directory.participants.items()}


def _midnight(day: date) -> datetime:
    return datetime.combine(day, time(), SHANGHAI)
