"""Which stage of a daemon the CPU time goes to, counted exactly and not sampled.

Every thread has a clock of its own, the kernel's CPU time of that thread. Whenever a thread enters
or leaves a stage, the time since the last such moment is put down to the stage it was in. A
coroutine is in its stage only while it runs, not while it waits. So the stages of a process add up
to the CPU time of its Python threads, and none is counted twice: work inside a stage that has a
stage of its own counts there alone.
"""

from __future__ import annotations

import asyncio
import functools
import inspect
import threading
import time
import types
from collections import defaultdict
from collections.abc import Callable, Coroutine, Generator, Iterable
from typing import Any

from prometheus_client.core import CounterMetricFamily

LOOP = "event loop, sockets, TLS"
POOL = "other threads"
SECONDS, CALLS = "bench_stage_cpu_seconds", "bench_stage_calls"
"""Names of the two counters that a scrape gives, by stage."""

_DRIVER = "(_connection_worker_thread)"
_ROOTS = (("aiokafka", "Kafka client"), ("uvicorn", "HTTP"), ("starlette", "HTTP"))
"""Tasks that others start: told by where their code lies."""


class Stages:
    """The stage clocks of one process."""

    def __init__(self) -> None:
        self._local = threading.local()
        self._clocks: list[dict[str, float]] = []
        self._lock = threading.Lock()
        self.driver = "lookup: SQLite"
        """What the database driver's threads do that appear from now on."""
        self._drivers: dict[int, str] = {}
        self._ended: dict[str, float] = defaultdict(float)
        self._last: dict[int, float] = {}
        self._calls: dict[str, int] = defaultdict(int)

    def enter(self, stage: str) -> str:
        """Go over to a stage; returns the one that was left, to go back to."""
        local, now = self._local, time.thread_time()
        try:
            clock = local.clock
        except AttributeError:
            clock = self._new_thread()
        before: str = local.stage
        clock[before] += now - local.since
        local.stage, local.since = stage, now
        return before

    def timed(self, stage: str, work: Callable[..., Any]) -> Callable[..., Any]:
        """Return a function, or a coroutine function, that runs in a stage."""
        if inspect.iscoroutinefunction(work):

            @functools.wraps(work)
            async def begin(*args: Any, **kwargs: Any) -> Any:
                return await self.drive(stage, work(*args, **kwargs))

            return begin

        @functools.wraps(work)
        def run(*args: Any, **kwargs: Any) -> Any:
            before = self.enter(stage)
            self._calls[stage] += 1
            try:
                return work(*args, **kwargs)
            finally:
                self.enter(before)

        return run

    async def drive(self, stage: str, work: Coroutine[Any, Any, Any]) -> Any:
        """Run a coroutine in a stage, which it leaves whenever it waits."""
        self._calls[stage] += 1
        return await self._driven(stage, work)

    def task_factory(
        self, loop: asyncio.AbstractEventLoop, work: Coroutine[Any, Any, Any], **options: Any
    ) -> asyncio.Task[Any]:
        """Make a task; one of a library's own runs in that library's stage."""
        code = getattr(work, "cr_code", None)
        file = "" if code is None else code.co_filename
        stage = next((stage for name, stage in _ROOTS if f"/{name}/" in file), None)
        return asyncio.Task(
            work if stage is None else self.drive(stage, work), loop=loop, **options
        )

    def totals(self) -> dict[str, float]:
        """Return CPU seconds by stage, of all threads since the start."""
        self.enter(self._current())
        total: dict[str, float] = defaultdict(float)
        with self._lock:
            for clock in self._clocks:
                for stage, seconds in list(clock.items()):
                    total[stage] += seconds
        for stage, seconds in self._driver_threads():
            total[stage] += seconds
        return dict(total)

    def collect(self) -> Iterable[CounterMetricFamily]:
        """Give the totals to a scrape."""
        spent = CounterMetricFamily(SECONDS, "CPU time by stage, seconds.", labels=["stage"])
        for stage, seconds in self.totals().items():
            spent.add_metric([stage], seconds)
        calls = CounterMetricFamily(CALLS, "Calls into a stage.", labels=["stage"])
        for stage, number in list(self._calls.items()):
            calls.add_metric([stage], number)
        yield from (spent, calls)

    def note_drivers(self) -> None:
        """Put the driver's threads there are now down to `driver`, once and for all."""
        for thread in threading.enumerate():
            if thread.name.endswith(_DRIVER) and thread.ident is not None:
                self._drivers.setdefault(thread.ident, self.driver)

    @types.coroutine
    def _driven(self, stage: str, work: Coroutine[Any, Any, Any]) -> Generator[Any, Any, Any]:
        step, given = work.send, None
        while True:
            before = self.enter(stage)
            try:
                waits_for = step(given)
            except StopIteration as end:
                return end.value
            finally:
                self.enter(before)
            try:
                given, step = (yield waits_for), work.send
            except BaseException as error:  # noqa: BLE001 - it is the coroutine's to handle
                given, step = error, work.throw

    def _current(self) -> str:
        return getattr(self._local, "stage", LOOP)

    def _new_thread(self) -> dict[str, float]:
        main = threading.current_thread() is threading.main_thread()
        clock: dict[str, float] = defaultdict(float)
        self._local.clock = clock
        self._local.stage, self._local.since = (LOOP if main else POOL), 0.0
        with self._lock:
            self._clocks.append(clock)
        return clock

    def _driver_threads(self) -> Iterable[tuple[str, float]]:
        """Yield the database driver's threads, which run no code of ours that could be wrapped."""
        self.note_drivers()
        alive = {thread.ident for thread in threading.enumerate()}
        for ident, stage in self._drivers.items():
            if ident in alive:
                self._last[ident] = time.clock_gettime(time.pthread_getcpuclockid(ident))
            yield stage, self._last.get(ident, 0.0)
