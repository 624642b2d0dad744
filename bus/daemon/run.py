"""Runs a participant: opens store and broker, starts the loops, drains on SIGTERM or SIGINT."""

from __future__ import annotations

import asyncio
import signal
from collections.abc import Awaitable, Callable, Coroutine, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import timedelta

from bus.daemon.assemble import Participant
from bus.daemon.audit_heads import HEADS_EVERY
from bus.daemon.certificates import LOOK_EVERY
from bus.daemon.loop import Loops
from bus.daemon.timers import LOOK_EVERY as DEADLINES_EVERY
from bus.daemon.timers import Timers
from bus.daemon.timestamping import LOOK_EVERY as STAMP_EVERY
from bus.errors import HeduiError
from bus.logs.foreign import route_foreign
from signer.identity import role_of

Face = Callable[[asyncio.Event], Coroutine[None, None, None]]
"""Serves until the event is set, e.g. HTTP."""


@dataclass(frozen=True, slots=True)
class Regular:
    """A timer: its name, its period, what it does, what wakes it early, what it does at the end."""

    name: str
    period: timedelta
    work: Callable[[], Awaitable[object]]
    wake: asyncio.Event | None = None
    leave: Callable[[], Awaitable[object]] | None = None


HELD_EVERY = timedelta(seconds=5)
BROKER_RETRY = timedelta(seconds=2)


async def run(
    participant: Participant,
    faces: Sequence[Face] = (),
    regular: Sequence[Regular] = (),
    *,
    prepare: Callable[[], Awaitable[None]] | None = None,
    follow_directory: bool = True,
) -> None:
    """Run until a signal, then drain: the batch in hand ends, the outbox empties, all closes.

    Args:
        participant: What to run.
        faces: Servers to run beside it.
        regular: Timers of the role.
        prepare: What the role does once the store is open, before anything is served.
        follow_directory: False at the hub, which makes the directory itself.

    Raises:
        HeduiError: The store cannot be opened, or is sealed under another store key.
    """
    loops, log = participant.loops, participant.log
    route_foreign(log)
    await participant.store.open()
    office, serving = participant.office, asyncio.Event()
    try:
        found = await participant.store_key.bind(participant.store, office.me, office.clock)
        office.store_key = found
        await participant.keeper.load()
        if prepare is not None:
            await prepare()
        _own_signals(loops.stopping, log.info)
        async with asyncio.TaskGroup() as group:
            for face in faces:
                group.create_task(face(serving))
            await reach_broker(loops)
            running = [
                group.create_task(loops.consume()),
                group.create_task(loops.relay_outbox()),
                group.create_task(loops.every("held", HELD_EVERY, _held(participant))),
                group.create_task(
                    loops.every("certificates", LOOK_EVERY, participant.certificates.look)
                ),
            ]
            timers = [*_audit(participant), *regular]
            if follow_directory:
                running.append(group.create_task(loops.follow_directory()))
            running += [
                group.create_task(loops.every(timer.name, timer.period, timer.work, timer.wake))
                for timer in timers
            ]
            log.info("daemon.started", role=role_of(participant.office.me))
            await asyncio.wait(running)
            await loops.drain([timer.leave for timer in timers if timer.leave is not None])
            serving.set()
    finally:
        serving.set()
        with suppress(HeduiError):
            await loops.broker.stop()
        await participant.store.close()
        log.info("daemon.stopped")


def _own_signals(stopping: asyncio.Event, log: Callable[..., object]) -> None:
    loop = asyncio.get_running_loop()

    def stop(number: signal.Signals) -> None:
        log("daemon.stopping", signal=number.name)
        stopping.set()

    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop, number)


async def reach_broker(loops: Loops) -> None:
    """Connect, waiting for a broker that is down or does not let us in yet.

    Rights and certificates are made at the hub and at the broker, often after the daemon was
    started; the store and the faces are up meanwhile.
    """
    while not loops.stopping.is_set():
        if await loops.attempt("broker", loops.broker.start):
            return
        await loops.pause(BROKER_RETRY)


def _audit(participant: Participant) -> list[Regular]:
    """The timers that sign the audit chain, and have it stamped where an authority is set."""
    heads, stamping = participant.heads, participant.timestamping
    wake = participant.office.milestone
    # At the end too, so that a chain that is put aside is signed to its last entry.
    timers = [Regular("audit", HEADS_EVERY, heads.sign, wake, heads.sign)]
    if stamping is not None:
        stamp = Regular("timestamps", STAMP_EVERY, stamping.stamp, heads.made, stamping.hand_over)
        timers.append(stamp)
    return timers


def _held(participant: Participant) -> Callable[[], Awaitable[object]]:
    async def retry() -> None:
        # While we are suspended nothing can go on, and what is parked must not run out of time.
        serving = participant.office.ready and not participant.office.paused
        if serving and await participant.step.retry_held():
            participant.loops.outbox.wake.set()

    return retry


def deadlines(participant: Participant) -> Regular:
    """Return the timer of deadlines."""
    looking = Timers(
        participant.office,
        participant.store,
        participant.metrics,
        participant.log,
        participant.instance,
        participant.loops.outbox.wake.set,
    )
    return Regular("deadlines", DEADLINES_EVERY, looking.look, leave=looking.hand_over)
