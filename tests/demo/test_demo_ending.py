"""However the demo ends, nothing that it started goes on."""

from __future__ import annotations

import signal
import sys
import time

import pytest

STARTED = 5
"""Processes of a run that is in the middle of starting."""


def wait_until(condition) -> None:
    end = time.monotonic() + 30
    while not condition():
        assert time.monotonic() < end, "it did not come to that"


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_in_the_middle_stops_everything(start_demo, number):
    running = start_demo()
    wait_until(lambda: len(running.left_over()) >= STARTED)

    status = running.end(number)

    assert status == 1
    assert "DEMO_STOPPED" in running.said()
    assert running.left_over() == []
    assert list(running.temporary.iterdir()) == []
    assert not (running.out / "result.xlsx").exists()


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="only Linux tells a child")
def test_children_of_a_killed_demo_die_with_it(start_demo):
    running = start_demo()
    wait_until(lambda: len(running.left_over()) >= STARTED)

    running.end(signal.SIGKILL)

    wait_until(lambda: running.left_over() == [])


def test_a_run_beyond_its_time_limit_ends_with_a_coded_error(start_demo):
    running = start_demo("--timeout", "1")

    assert running.process.wait(60) == 1
    said = running.said()
    assert "DEMO_TIMEOUT" in said
    assert str(running.out / "logs") in said
    assert running.left_over() == []
