"""A daemon of the product that kills itself at a named point (crash_points.py).

    python tests/crash/crash_daemon.py POINT[:N] hub run -c hub.toml

Store, broker and connector are wrapped where the daemon takes them from; the rest is the product,
which knows nothing of this. At the N-th time the point is reached the process gets SIGKILL from
itself, so that nothing of it runs any more: no handler, no flush, no `finally`.
"""

from __future__ import annotations

import os
import signal
import sys
from contextlib import asynccontextmanager

import crash_points as points

from adapters.host import run as host
from bus.cli import main
from bus.daemon import assemble
from signer.identity import DIRECTORY_TOPIC

MARK = b'{"event": "crash.reached"}\n'


class Plan:
    """Counts how often the point was reached."""

    def __init__(self, text):
        self.point, _, times = text.partition(":")
        self._left = int(times or 1)

    def reach(self, point):
        if point != self.point:
            return
        self._left -= 1
        if self._left == 0:
            os.write(sys.stderr.fileno(), MARK)
            os.kill(os.getpid(), signal.SIGKILL)


class DyingUnit:
    """A unit that remembers which calls were made on it."""

    def __init__(self, inner):
        self._inner = inner
        self.made = set()

    def __getattr__(self, name):
        return getattr(self._inner, name)

    async def store_offset(self, *given):
        self.made.add("store_offset")
        await self._inner.store_offset(*given)

    async def mark_sent(self, *given):
        self.made.add("mark_sent")
        await self._inner.mark_sent(*given)

    async def unsent(self, *given, **named):
        rows = await self._inner.unsent(*given, **named)
        if rows:
            self.made.add("unsent")
        return rows

    async def enqueue(self, topic, *given):
        if topic == DIRECTORY_TOPIC:
            self.made.add("enqueue directory")
        await self._inner.enqueue(topic, *given)

    async def append_audit(self, event):
        self.made.add(f"append_audit {event.event}")
        return await self._inner.append_audit(event)


class DyingStore:
    """A store that dies around its opening and its commits."""

    def __init__(self, inner, plan):
        self._inner, self._plan = inner, plan

    def __getattr__(self, name):
        return getattr(self._inner, name)

    async def open(self):
        await self._inner.open()
        self._plan.reach(points.OPENED)

    @asynccontextmanager
    async def transaction(self):
        async with self._inner.transaction() as unit:
            watched = DyingUnit(unit)
            yield watched
            found = points.transaction_of(watched.made)
            if found is not None and found.before_commit is not None:
                self._plan.reach(found.before_commit)
        if found is not None:
            self._plan.reach(found.after_commit)


class DyingSubscription:
    """A subscription that dies with records in hand."""

    def __init__(self, inner, plan):
        self._inner, self._plan = inner, plan

    def __getattr__(self, name):
        return getattr(self._inner, name)

    async def poll(self, *given):
        records = await self._inner.poll(*given)
        if records:
            self._plan.reach(points.POLLED)
        return records


class DyingBroker:
    """A broker that dies after subscribing, amid a publication and after it."""

    def __init__(self, inner, plan):
        self._inner, self._plan = inner, plan

    def __getattr__(self, name):
        return getattr(self._inner, name)

    async def subscribe(self, *given):
        subscription = await self._inner.subscribe(*given)
        self._plan.reach(points.SUBSCRIBED)
        return DyingSubscription(subscription, self._plan)

    async def publish(self, messages):
        if self._plan.point == points.HALF_PUBLISHED and len(messages) > 1:
            await self._inner.publish(messages[: len(messages) // 2])
            self._plan.reach(points.HALF_PUBLISHED)
        results = await self._inner.publish(messages)
        if any(message.topic == DIRECTORY_TOPIC for message in messages):
            self._plan.reach(points.DIRECTORY_PUBLISHED)
        self._plan.reach(points.PUBLISHED)
        return results


class DyingConnector:
    """A source that dies when it has answered."""

    def __init__(self, inner, plan):
        self._inner, self._plan = inner, plan

    def __getattr__(self, name):
        return getattr(self._inner, name)

    async def lookup(self, *given):
        result = await self._inner.lookup(*given)
        self._plan.reach(points.LOOKED_UP)
        return result


def arm(plan):
    """Let the daemons of this process take the wrapped ports."""

    def wrapped(module, name, wrapper):
        real = getattr(module, name)
        setattr(module, name, lambda *given, **named: wrapper(real(*given, **named), plan))

    wrapped(assemble, "SqlStore", DyingStore)
    wrapped(assemble, "KafkaBroker", DyingBroker)
    wrapped(host, "connector_of", DyingConnector)


if __name__ == "__main__":
    arm(Plan(sys.argv[1]))
    main(sys.argv[2:])
