"""The SQL connector on the population's table: good, and spoilt in one way each."""

# ruff: noqa: ARG002 - the contract's signatures, whatever is spoilt

from __future__ import annotations

import asyncio
import socket
from dataclasses import replace
from datetime import timedelta

from adapters.contract import (
    LookupResult,
    SourcePendingError,
    SourceUnavailableError,
    SubjectOutcome,
    not_answerable,
)
from adapters.mapping.faults import MappingError
from adapters.sql.connector import SqlConnector
from bus.errors import ConfigError
from bus.model.messages import OutcomeKind

STRANGER = "查无此人"


Shown = SqlConnector


def nobody(reference):
    return SubjectOutcome(reference, OutcomeKind.NOT_FOUND)


class Broken(Shown):
    """The good connector, spoilt in one way."""

    async def lookup(self, lookup, now):
        asked = {one.reference: one for one in lookup.persons}
        result = await super().lookup(await self.question(lookup, now), now)
        outcomes = [
            await self.spoil(asked[one.reference], one, lookup, now) for one in result.outcomes
        ]
        return self.whole(replace(result, outcomes=tuple(outcomes)))

    async def good(self, lookup, person, now):
        """What the good connector says of one person."""
        result = await Shown.lookup(self, replace(lookup, persons=(person,)), now)
        return replace(result.outcomes[0], reference=person.reference)

    async def question(self, lookup, now):
        return lookup

    async def spoil(self, person, outcome, lookup, now):
        return outcome

    def whole(self, result):
        return result


class Unfit(Shown):
    async def check(self):
        raise MappingError("SOURCE_MISMATCH", [], where="adapter.toml")


class LosesSomebody(Broken):
    async def spoil(self, person, outcome, lookup, now):
        return nobody(person.reference) if person.name == "测试11" else outcome


class Evades(Broken):
    async def spoil(self, person, outcome, lookup, now):
        if outcome.kind is OutcomeKind.NOT_FOUND and person.name == STRANGER:
            return not_answerable(person.reference, "NOT_SURE")
        return outcome


class MatchesPatterns(Broken):
    async def spoil(self, person, outcome, lookup, now):
        if "%" not in person.id_number:
            return outcome
        [row] = await self.sample(lookup.resource, 1)
        other = replace(person, id_number=row["zjhm"], name=row["xm"])
        return await self.good(lookup, other, now)


class EndsTooEarly(Broken):
    async def question(self, lookup, now):
        if lookup.time_to is None or lookup.time_from == lookup.time_to:
            return lookup
        return replace(lookup, time_to=lookup.time_to - timedelta(days=1))


class EndsBeforeItsDay(Broken):
    async def spoil(self, person, outcome, lookup, now):
        one_day = lookup.time_from is not None and lookup.time_from == lookup.time_to
        return nobody(person.reference) if one_day else outcome


class IgnoresTheRange(Broken):
    async def question(self, lookup, now):
        return replace(lookup, time_from=None, time_to=None)


class EndsTooLate(Broken):
    async def question(self, lookup, now):
        if lookup.time_to is None:
            return lookup
        return replace(lookup, time_to=lookup.time_to + timedelta(days=1))


class IgnoresNames(Broken):
    async def spoil(self, person, outcome, lookup, now):
        if outcome.code != "NAME_MISMATCH":
            return outcome
        return await self.good(lookup, replace(person, name=await self.name_of(person)), now)

    async def name_of(self, person):
        rows = await self.sample("housing-fund-withdrawal", 100)
        return next(row["xm"] for row in rows if row["zjhm"].strip() == person.id_number)


class MatchesNames(Broken):
    async def spoil(self, person, outcome, lookup, now):
        if outcome.kind is not OutcomeKind.NOT_FOUND:
            return outcome
        rows = await self.sample("housing-fund-withdrawal", 100)
        numbers = [row["zjhm"] for row in rows if row["xm"] == person.name]
        if not numbers or lookup.time_from is not None or person.id_type != "111":
            return outcome
        return await self.good(lookup, replace(person, id_number=numbers[0]), now)


class IgnoresIdTypes(Broken):
    async def spoil(self, person, outcome, lookup, now):
        if person.id_type == "111":
            return outcome
        return await self.good(lookup, replace(person, id_type="111"), now)


class AnswersOnce(Broken):
    async def question(self, lookup, now):
        self.seen = set()
        return lookup

    async def spoil(self, person, outcome, lookup, now):
        if person.id_number in self.seen:
            return nobody(person.reference)
        self.seen.add(person.id_number)
        return outcome


class Sorts(Broken):
    def whole(self, result):
        outcomes = sorted(result.outcomes, key=lambda one: one.reference)
        return replace(result, outcomes=tuple(outcomes))


class ForgetsTheEleventh(Broken):
    def whole(self, result):
        last = 10 if len(result.outcomes) == 11 else None
        return replace(result, outcomes=result.outcomes[:last])


class KnowsTomorrow(Broken):
    def whole(self, result):
        return replace(result, as_of=result.as_of + timedelta(days=1))


class FindsNothing(Broken):
    async def spoil(self, person, outcome, lookup, now):
        if person.name == STRANGER and len(lookup.persons) < 12:
            return SubjectOutcome(person.reference, OutcomeKind.NOT_FOUND, "HARMLESS")
        return outcome


class CutsOff(Broken):
    async def spoil(self, person, outcome, lookup, now):
        return nobody(person.reference) if person.reference > 500 else outcome


class TellsMore(Broken):
    async def spoil(self, person, outcome, lookup, now):
        records = tuple({**record, "account": "0"} for record in outcome.records)
        return replace(outcome, records=records)


class TellsLess(Broken):
    async def spoil(self, person, outcome, lookup, now):
        records = tuple({k: v for k, v in r.items() if k != "paid_to"} for r in outcome.records)
        return replace(outcome, records=records)


class BringsOthers(Broken):
    async def spoil(self, person, outcome, lookup, now):
        if lookup.time_from is not None or "id_number" not in lookup.items:
            return outcome
        others = tuple({**record, "id_number": "990000199001011234"} for record in outcome.records)
        return replace(outcome, records=outcome.records + others)


class CountsInBinary(Broken):
    async def spoil(self, person, outcome, lookup, now):
        if "amount" not in lookup.items:
            return outcome
        records = tuple({**r, "amount": float(r["amount"])} for r in outcome.records)
        return replace(outcome, records=records)


class ShowsBadRows(Shown):
    async def sample(self, resource, count):
        rows = await super().sample(resource, count)
        return [
            {**row, "je": "1.2.3"} if number % 3 == 0 else row for number, row in enumerate(rows)
        ]


class ClosesOnce(Shown):
    closed = 0

    async def close(self):
        self.closed += 1
        if self.closed == 2:
            raise ConfigError("CLOSED_ALREADY", "已关闭", "it is closed already")
        await super().close()


class There:
    """A connector aimed elsewhere: raises, or answers as if nobody was there."""

    def __init__(self, answers):
        self.answers = answers

    async def check(self):
        raise SourceUnavailableError("SOURCE_FAILED", "不通", "down")

    async def lookup(self, lookup, now):
        if self.answers:
            return LookupResult(now, tuple(nobody(one.reference) for one in lookup.persons))
        raise SourceUnavailableError("SOURCE_FAILED", "不通", "down")

    async def close(self):
        pass


class Aims(Shown):
    """Aimed at a port that somebody listens on, or not."""

    down = silent = False

    def aimed_at(self, host, port, patience_seconds):
        assert (host, patience_seconds) == ("127.0.0.1", 1.0)
        return There(self.silent if listens(port) else self.down)


def listens(port):
    with socket.socket() as client:
        return client.connect_ex(("127.0.0.1", port)) == 0


class Talks(Shown):
    """Raises what is not coded, with a person's number in its text."""

    async def lookup(self, lookup, now):
        raise KeyError(lookup.persons[0].id_number)


class Waits(Shown):
    """People have to act first."""

    async def lookup(self, lookup, now):
        raise SourcePendingError("LIST_OUT", "名单在外", "the list is out")


class Hangs(Shown):
    async def lookup(self, lookup, now):
        await asyncio.Event().wait()


class Hidden(Shown):
    """Shows no rows."""

    async def sample(self, resource, count):
        return None


class Refuses(Shown):
    """Cannot show its rows now."""

    async def sample(self, resource, count):
        raise SourceUnavailableError("SOURCE_FAILED", "不通", "down")


class SaysNotThere(Broken):
    async def spoil(self, person, outcome, lookup, now):
        return nobody(person.reference) if outcome.code == "ID_TYPE_NOT_HELD" else outcome


class TakesDownForEmpty(Aims):
    down = True


class TakesSilenceForEmpty(Aims):
    silent = True
