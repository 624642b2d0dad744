"""What goes wrong in the year: slow agencies, sources that fail, delays, suspensions."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date, timedelta
from functools import partial

from simulate_diary import BEGINS, OPERATOR, Diary
from simulate_land import PROVINCES

from bus.daemon.delay_service import Choice
from bus.errors import InputError, UnavailableError
from bus.model.case import Case, Row
from bus.rules.working_days import local_date
from signer.directory.view import Standing

ATTENDED = (0.6, 0.6, 0.45, 0.45, 0.3, 0.08)
"""How likely an agency answers in one half of a day: they differ, and some are slow."""

NEAR = timedelta(days=4)
"""How long before a term ends a province looks whether it can be kept."""

FORESIGHT, NOTICE = 0.5, 0.6
"""How likely a province does not look in one half of a day; how likely it gives notice then."""

AGREED, ANSWERED = 0.55, 0.85
"""Up to where a thrown number agrees to a new date, and up to where it declines."""

OUTAGES, OUTAGE_DAYS = 24, (4, 12, 25)
"""Sources that fail in the year, and for how long."""

SUSPENSIONS, SUSPENDED_DAYS = 3, (3, 6)
"""Provinces that are suspended in the year, and for how long: a message lives for seven days, and
what has run out when somebody is back is refused there."""

QUIET = 60
"""Days at the end in which nothing new goes wrong."""


@dataclass
class Trouble:
    """The trouble of a year."""

    diary: Diary
    _diligence: dict[str, float] = field(default_factory=dict)

    def throw(self) -> None:
        """Put sources that fail and provinces that are suspended into the diary."""
        diary, dice, desks = self.diary, self.diary.dice, self.diary.country.desks
        agencies = [name for name, desk in desks.items() if desk.connector]
        self._diligence = {name: dice.choice(ATTENDED) for name in agencies}
        days = max((diary.ends - BEGINS).days - QUIET, 10)
        for name in dice.sample(agencies, OUTAGES):
            begins = BEGINS + timedelta(days=dice.randrange(days), hours=3)
            diary.at(begins, partial(self.fail, name, failing=True))
            ends = begins + timedelta(days=dice.choice(OUTAGE_DAYS))
            diary.at(ends, partial(self.fail, name, failing=False))
        for name in dice.sample(PROVINCES, SUSPENSIONS):
            begins = BEGINS + timedelta(days=dice.randrange(days), hours=4)
            diary.at(begins, partial(self.stand, name, Standing.SUSPENDED))
            ends = begins + timedelta(days=dice.choice(SUSPENDED_DAYS))
            diary.at(ends, partial(self.stand, name, Standing.CONNECTED))

    def attend(self, *, everybody: bool = False) -> None:
        """Throw who is there to answer in this half of a day."""
        for name, likely in self._diligence.items():
            there = everybody or self.diary.dice.random() < likely
            self.diary.country[name].attended = there

    async def foresee(self) -> None:
        """Provinces give notice of some rows that will be late (R030); of others nobody does."""
        diary, dice = self.diary, self.diary.dice
        for name in PROVINCES:
            if diary.paused(name) or dice.random() < FORESIGHT:
                continue
            delays = diary.country[name].delays
            for case, row in await delays.owed():
                near = diary.now < row.deadline <= diary.now + NEAR and row.delay is None
                # Who is suspended could not be told.
                told = not diary.paused(case.requester, row.holder)
                if near and told and dice.random() < NOTICE:
                    until = local_date(row.deadline) + timedelta(days=dice.randrange(3, 12))
                    choice = Choice(row.resource, row.part, row.holder)
                    await delays.give_notice(case.query, choice, "MANUAL_WORK", until, OPERATOR)
                    diary.after(timedelta(hours=20), partial(self.answer, case, row, until))

    async def answer(self, case: Case, row: Row, until: date) -> None:
        """The requester agrees to a new date, or declines it, or says nothing."""
        thrown = self.diary.dice.random()
        if self.diary.paused(case.requester) or thrown > ANSWERED:
            return
        choice, agreed = Choice(row.resource, row.part, row.holder), thrown < AGREED
        delays = self.diary.country[case.requester].delays
        try:
            await delays.answer(case.query, choice, OPERATOR, agreed=agreed)
        except InputError as error:
            if error.code != "ROWS_NONE":
                raise
            return  # it was answered, or withdrawn, meanwhile
        if agreed:
            self.diary.agreed[case.query, row.holder] = until
        await self.diary.country.settle(case.requester)

    async def fail(self, name: str, *, failing: bool) -> None:
        """A source goes down, or is up again."""
        connector = self.diary.country[name].connector
        if connector is not None:
            down = UnavailableError("SOURCE_DOWN", "数据源停机", "the source is down", where=name)
            connector.fault = down if failing else None

    async def stand(self, name: str, standing: Standing) -> None:
        """A province is suspended, or resumed."""
        await self.diary.country.stand(name, standing)
        await self.diary.country.settle()
