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
from dataclasses import dataclass, field
from typing import Any

from prometheus_client.core import CounterMetricFamily

LOOP = "event loop, sockets, TLS"
POOL = "other threads"
SECONDS, CALLS = "bench_stage_cpu_seconds", "bench_stage_calls"
"""Names of the two counters that a scrape gives, by stage."""

_DRIVER = "(_connection_worker_thread)"
_ROOTS = (("aiokafka", "Kafka client"), ("uvicorn", "HTTP"), ("starlette", "HTTP"))
"""Tasks that others start: told by where their code lies."""


@dataclass(slots=True)
class _Clock:
    """One thread: the stage it is in, since when on its CPU clock, what was put down before."""

    stage: str
    since: float = 0.0
    spent: dict[str, float] = field(default_factory=lambda: defaultdict(float))


class Stages:
    """The stage clocks of one process."""

    def __init__(self) -> None:
        self.driver = "lookup: SQLite"
        """What the database driver's threads do that appear from now on."""
        self._local = threading.local()
        self._clocks: dict[threading.Thread, _Clock] = {}
        self._calls: dict[str, int] = defaultdict(int)

    def enter(self, stage: str) -> str:
        """Go over to a stage; returns the one that was left, to go back to."""
        now = time.thread_time()
        try:
            clock: _Clock = self._local.clock
        except AttributeError:
            clock = self._local.clock = self._clock_of(threading.current_thread())
        before = clock.stage
        clock.spent[before] += now - clock.since
        clock.stage, clock.since = stage, now
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
        """Return CPU seconds by stage, of all threads since each began."""
        total: dict[str, float] = defaultdict(float)
        self.note_threads()
        for thread, clock in list(self._clocks.items()):
            for stage, seconds in list(clock.spent.items()):
                total[stage] += seconds
            if thread.is_alive() and thread.ident is not None:
                # What it does at this moment, or did without entering any stage.
                now = time.clock_gettime(time.pthread_getcpuclockid(thread.ident))
                total[clock.stage] += max(0.0, now - clock.since)
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

    def note_threads(self) -> None:
        """Put the threads there are now down to what they do, the driver's to `driver`."""
        for thread in threading.enumerate():
            self._clock_of(thread)

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

    def _clock_of(self, thread: threading.Thread) -> _Clock:
        """Return a thread's clock; the driver's threads run no code of ours that enters a stage."""
        found = self._clocks.get(thread)
        if found is None:
            stage = self.driver if thread.name.endswith(_DRIVER) else POOL
            stage = LOOP if thread is threading.main_thread() else stage
            found = self._clocks.setdefault(thread, _Clock(stage))
        return found
