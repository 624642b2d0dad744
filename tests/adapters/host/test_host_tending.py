"""A connector that has something to do without being asked is called each minute, no other is."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from types import SimpleNamespace

from adapters.host.run import tending
from bus.ports.clock import MovedClock

NOW = datetime(2026, 3, 2, 2, 0, tzinfo=UTC)


class Plain:
    async def check(self): ...

    async def lookup(self, lookup, now): ...

    async def close(self): ...


class Busy(Plain):
    def __init__(self):
        self.calls = []

    async def tend(self, now, metrics, log):
        self.calls.append((now, metrics, log))


async def test_a_tended_connector_is_called_with_the_time_metrics_and_log():
    office = SimpleNamespace(clock=MovedClock(NOW))
    participant, busy = SimpleNamespace(office=office, metrics="m", log="l"), Busy()

    [timer] = tending(participant, busy)
    await timer.work()

    assert (timer.name, timer.period) == ("tending", timedelta(minutes=1))
    assert busy.calls == [(NOW, "m", "l")]


def test_another_is_left_alone():
    assert tending(SimpleNamespace(), Plain()) == []
