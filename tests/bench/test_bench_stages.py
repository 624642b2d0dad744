"""The stage clocks: nothing counted twice, nothing lost, and what is wrapped behaves as before."""

from __future__ import annotations

import asyncio
import threading
import time

import pytest
from bench_stages import CALLS, POOL, SECONDS, Stages


def busy(seconds):
    end = time.thread_time() + seconds
    while time.thread_time() < end:
        pass


def test_a_stage_inside_another_counts_for_itself_alone():
    stages = Stages()
    inner = stages.timed("inner", lambda: busy(0.02))
    outer = stages.timed("outer", lambda: (busy(0.01), inner()))

    outer()
    totals = stages.totals()

    assert totals["inner"] >= 0.02
    assert totals["outer"] >= 0.01
    assert sum(totals.values()) <= time.process_time()


def test_the_stages_of_all_threads_add_up():
    stages = Stages()
    work = stages.timed("work", lambda: busy(0.01))
    threads = [threading.Thread(target=work) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert stages.totals()["work"] >= 0.03


def test_what_a_thread_does_outside_any_stage_counts_when_it_is_done():
    stages = Stages()
    entered, asked = threading.Barrier(2, timeout=20), threading.Barrier(2, timeout=20)

    def work():
        stages.timed("work", lambda: None)()
        busy(0.02)
        entered.wait()
        asked.wait()

    thread = threading.Thread(target=work)
    thread.start()
    entered.wait()
    totals = stages.totals()
    asked.wait()
    thread.join()

    assert totals[POOL] >= 0.02


async def test_a_coroutine_is_in_its_stage_only_while_it_runs():
    stages = Stages()
    go_on = asyncio.Event()

    async def wait():
        busy(0.01)
        await go_on.wait()
        return "done"

    task = asyncio.create_task(stages.timed("waiting", wait)())
    await asyncio.sleep(0)
    busy(0.05)
    go_on.set()

    assert await task == "done"
    assert 0.01 <= stages.totals()["waiting"] < 0.05


async def test_errors_and_cancellation_pass_through():
    stages = Stages()

    async def fail():
        raise ValueError("as it was")

    async def wait():
        try:
            await asyncio.Event().wait()
        except asyncio.CancelledError:
            return "cleaned up"

    with pytest.raises(ValueError, match="as it was"):
        await stages.timed("failing", fail)()
    task = asyncio.create_task(stages.timed("waiting", wait)())
    await asyncio.sleep(0)
    task.cancel()

    assert await task == "cleaned up"


def test_a_scrape_gets_seconds_and_calls():
    stages = Stages()
    work = stages.timed("work", lambda: None)
    work()
    work()

    found = {family.name: family.samples for family in stages.collect()}

    assert "work" in {sample.labels["stage"] for sample in found[SECONDS]}
    assert [(s.labels["stage"], s.value) for s in found[CALLS]] == [("work", 2)]
