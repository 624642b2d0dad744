"""The source as the host sees it: asked in bites, cut off when it hangs, left alone when down.

A connector may be slow, hang, fail with anybody's text, or say what it may not. What comes out of
here is held to the question (disclosure.py), and its errors are the product's own, without a word
of the connector's but a code and a place from the mapping.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Coroutine, Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any, TypeVar

from adapters.contract import (
    Connector,
    Lookup,
    LookupResult,
    SourcePendingError,
    SourceUnavailableError,
)
from adapters.host import disclosure
from adapters.host.breaker import Breaker, BreakerState
from adapters.host.codes import Bounded, code_of, safe_code, safe_place
from adapters.host.disclosure import Disclosed, disclose, together
from bus.daemon.office import Office
from bus.errors import ConfigError, DefectError, HeduiError, UnavailableError
from bus.logs.setup import Logger
from bus.metrics.catalogue import Metrics
from schemas.resources import Resource

CHECK_TIMES = 10
"""A check may take so many times as long as a lookup: it may read whole columns."""

CUT_OFF_GRACE = 1.0
"""Seconds that a lookup which is cut off may take to let go; then it is left to itself."""

_EVENTS = {
    BreakerState.CLOSED: "source.answers",
    BreakerState.OPEN: "source.unavailable",
    BreakerState.HALF_OPEN: "source.tried",
}

Asked = TypeVar("Asked")


@dataclass(frozen=True, slots=True)
class Limits:
    """How hard a source may be pressed.

    Attributes:
        lookups_at_once: Rows that are looked up at the same time.
        persons_at_once: Persons in one question to the connector.
        lookup_timeout: Until a question without an answer is cut off.
    """

    lookups_at_once: int = 1
    persons_at_once: int = 1000
    lookup_timeout: timedelta = timedelta(seconds=300)


@dataclass(frozen=True, slots=True)
class Mapped:
    """What the adapter's file says that the host must know.

    Attributes:
        names: The policy of each mapped resource where a name differs (`name_mismatch`).
        places: Every name that may stand in a place that is written down.
        kind: The kind of the source.
    """

    names: Mapping[str, str]
    places: frozenset[str] = frozenset()
    kind: str = "sql"

    @classmethod
    def of(cls, resources: Iterable[str]) -> Mapped:
        """Return what is said of resources whose mapping says nothing."""
        names = dict.fromkeys(resources, "")
        return cls(names, frozenset(names))


@dataclass
class Source:
    """One connector, and what is known of its health.

    Attributes:
        checked: Whether its check has succeeded since the start; no lookup runs before.
    """

    office: Office
    connector: Connector
    mapped: Mapped
    limits: Limits
    metrics: Metrics
    log: Logger
    checked: bool = True
    breaker: Breaker = field(default_factory=Breaker)
    _codes: Bounded = field(default_factory=Bounded)
    _left: set[asyncio.Task[Any]] = field(default_factory=set)
    """Lookups that were cut off and did not let go."""

    def __post_init__(self) -> None:
        for code in disclosure.CODES:
            self.metrics.disclosure_withheld.labels(code=code)
        self._show()

    def allowed(self) -> int:
        """Return how many lookups may run now."""
        self._move(self.breaker.at(self.office.clock.now()))
        at_once = {
            BreakerState.CLOSED: self.limits.lookups_at_once,
            BreakerState.HALF_OPEN: 1,
            BreakerState.OPEN: 0,
        }
        return at_once[self.breaker.state]

    async def check(self) -> bool:
        """Check the source, and remember how it went; returns whether it is well.

        One that does not fit its mapping any more is as good as down: nothing is looked up.
        """
        try:
            await self._within(self.connector.check(), CHECK_TIMES * self.limits.lookup_timeout)
        except Exception as error:  # noqa: BLE001 - whatever it is, the source is not well
            self._failed(self.coded(error))
            return False
        self.checked = True
        self._answered()
        return True

    async def first_check(self) -> None:
        """Check the source at the start: one that is down is waited for.

        Raises:
            ConfigError: It does not fit its mapping, or the mapping is unfit.
        """
        self.checked = False
        try:
            await self.connector.check()
        except ConfigError:
            raise
        except Exception as error:  # noqa: BLE001 - as above
            self._failed(self.coded(error))
            return
        self.checked = True

    async def ask(
        self,
        lookup: Lookup,
        line: int,
        resource: Resource,
        go_on: Callable[[], Awaitable[bool]],
    ) -> Disclosed | None:
        """Look persons up, so many at a time; returns what may leave.

        Args:
            lookup: The question.
            line: The request's line.
            resource: What the records are of.
            go_on: Asked between two bites; None is returned where it says no.

        Raises:
            SourcePendingError: People have to act first.
            UnavailableError: The source is down, or too slow: the breaker is open.
            HeduiError: It failed in another way.
        """
        clock, names = self.office.clock, self.mapped.names.get(lookup.resource, "")
        bites: list[Disclosed] = []
        for bite in self._bites(lookup):
            if bites and not await go_on():
                return None
            result = await self._asked(bite, clock.now())
            bites.append(
                await asyncio.to_thread(disclose, bite, line, resource, result, clock.now(), names)
            )
            self._remark(lookup.resource, result)
        self._answered()
        found = together(bites)
        for code, count in sorted(found.held.items()):
            self.metrics.disclosure_withheld.labels(code=code).inc(count)
            self.log.warning(
                "disclosure.withheld", code=code, resource=lookup.resource, count=count
            )
        return found

    def coded(self, error: BaseException) -> HeduiError:
        """Return an error that may be written down, in place of whatever a connector raised."""
        code = self._codes.label(code_of(error))
        where = safe_place(getattr(error, "where", ""), self.mapped.places)
        text = "数据来源连接器报告错误", "the connector of the source reports an error"
        match error:
            case SourcePendingError():
                return SourcePendingError(code, *text, where=where)
            case UnavailableError():
                return SourceUnavailableError(code, *text, where=where)
            case ConfigError():
                return ConfigError(code, *text, where=where)
            case _:
                return DefectError(code, *text, where=where)

    def _bites(self, lookup: Lookup) -> list[Lookup]:
        size, persons = self.limits.persons_at_once, lookup.persons
        parts = [persons[at : at + size] for at in range(0, len(persons), size)]
        return [replace(lookup, persons=part) for part in parts] or [lookup]

    async def _asked(self, lookup: Lookup, now: datetime) -> LookupResult:
        try:
            return await self._within(
                self.connector.lookup(lookup, now), self.limits.lookup_timeout
            )
        except Exception as raised:  # noqa: BLE001 - foreign texts may quote values
            error = self.coded(raised)
            if isinstance(error, SourcePendingError):
                self._answered()
            elif isinstance(error, UnavailableError):
                self._failed(error)
            raise error from None

    async def _within(self, work: Coroutine[Any, Any, Asked], span: timedelta) -> Asked:
        """Wait for a connector so long and no longer, whether it lets itself be stopped or not."""
        task = asyncio.ensure_future(work)
        try:
            done, _ = await asyncio.wait({task}, timeout=span.total_seconds())
        except asyncio.CancelledError:
            task.cancel()
            self._leave(task)
            raise
        if not done:
            task.cancel()
            await asyncio.wait({task}, timeout=CUT_OFF_GRACE)
            self._leave(task)
            raise SourceUnavailableError(
                "SOURCE_TIMEOUT",
                "数据来源未在规定时间内答复",
                "the source did not answer in its time",
            )
        if task.cancelled():
            raise DefectError("LOOKUP_CANCELLED", "查询自行中断", "the lookup broke itself off")
        return task.result()

    def _leave(self, task: asyncio.Task[Any]) -> None:
        """Let a lookup that was cut off end by itself, and its error be nobody's."""
        self._left.add(task)

        def ended(_: asyncio.Task[Any]) -> None:
            self._left.discard(task)
            if not task.cancelled():
                task.exception()

        task.add_done_callback(ended)

    def _remark(self, resource: str, result: object) -> None:
        remarks = getattr(result, "remarks", ())
        for remark in remarks if isinstance(remarks, tuple) else ():
            count = getattr(remark, "count", None)
            self.log.warning(
                "lookup.remark",
                code=self._codes.label(safe_code(getattr(remark, "code", None))),
                where=safe_place(getattr(remark, "where", ""), self.mapped.places) or resource,
                count=count if type(count) is int else 0,
            )

    def _failed(self, error: HeduiError) -> None:
        now = self.office.clock.now()
        chance = self.office.entropy(1)
        self._move(self.breaker.after_failure(error.code, error.where, now, chance))

    def _answered(self) -> None:
        self._move(self.breaker.after_answer())

    def _move(self, breaker: Breaker) -> None:
        if breaker.state is not self.breaker.state:
            code = breaker.code or self.breaker.code
            self.log.warning(_EVENTS[breaker.state], code=code, where=breaker.where)
        self.breaker = breaker
        self._show()

    def _show(self) -> None:
        state, kind = self.breaker.state, self.mapped.kind
        self.metrics.source_up.labels(kind=kind).set(state is BreakerState.CLOSED)
        for one in BreakerState:
            self.metrics.source_breaker.labels(state=one).set(one is state)
