"""Processes are started, watched and stopped, the stubborn ones too."""

from __future__ import annotations

import os
import signal
import time

import pytest

from adapters.demo import processes as room
from adapters.demo.processes import ProcessEndedError, Processes
from adapters.demo.watch import OverdueError, StoppedError, Watch

STUBBORN = """
import signal, sys, time
signal.signal(signal.SIGTERM, signal.SIG_IGN)
alive = open(sys.argv[1], "w")
print("up", file=alive, flush=True)
time.sleep(60)
"""
PARENT = f"""
import subprocess, sys
subprocess.run([sys.executable, "-c", {STUBBORN!r}, sys.argv[1]])
"""
LAST_WORDS = """
import signal, sys, time
def end(*_):
    print(time.monotonic(), flush=True)
    sys.exit()
signal.signal(signal.SIGTERM, end)
print("up", flush=True)
time.sleep(60)
"""


@pytest.fixture
def processes(tmp_path):
    made = Processes(tmp_path)
    yield made
    made.stop()


def until(condition):
    end = time.monotonic() + 20
    while not condition():
        assert time.monotonic() < end


def test_output_goes_to_the_log_and_settings_of_daemons_do_not_come_in(
    processes, tmp_path, monkeypatch
):
    monkeypatch.setenv("HEDUI_BROKER__BOOTSTRAP", "elsewhere:9092")
    code = "import os, sys; print([k for k in os.environ if 'HEDUI' in k]); sys.exit('end')"
    processes.start("one", ("-c", code))

    until(lambda: "end" in processes.log("one").read_text())

    assert processes.log("one").read_text() == "[]\nend\n"


def test_a_process_that_ends_by_itself_is_noticed_with_its_log(processes):
    processes.start("one", ("-c", "raise SystemExit(3)"))

    with pytest.raises(ProcessEndedError, match="PROCESS_ENDED") as caught:
        until(lambda: processes.check())  # noqa: PLW0108 - it returns None until it raises

    assert "3" in caught.value.en
    assert caught.value.where == str(processes.log("one"))


def test_a_process_that_is_meant_to_end_is_no_trouble_unless_it_fails(processes):
    processes.start("one", ("-c", ""), ends=True)
    until(lambda: processes.ended("one"))
    processes.check()

    processes.start("two", ("-c", "raise SystemExit(4)"), ends=True)
    with pytest.raises(ProcessEndedError, match="PROCESS_ENDED"):
        until(lambda: processes.check() or processes.ended("two"))


def test_a_process_that_ignores_the_signal_is_killed_with_its_own_children(
    processes, monkeypatch, tmp_path
):
    monkeypatch.setattr(room, "DRAIN_SECONDS", 0.1)
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    processes.start("stubborn", ("-c", STUBBORN, str(pipe)))
    with pipe.open() as lives:
        processes.start("parent", ("-c", PARENT, str(pipe)))
        assert lives.read(6) == "up\nup\n"
        processes.stop(last=("parent",))
        processes.stop()

        # It ends once nobody holds the other end any more.
        assert lives.read() == ""


def test_what_is_stopped_last_outlives_the_others(processes):
    processes.start("broker", ("-c", LAST_WORDS))
    processes.start("daemon", ("-c", LAST_WORDS))
    until(lambda: all(processes.log(n).read_text() for n in ("broker", "daemon")))

    processes.stop(last=("broker",))

    ends = [float(processes.log(n).read_text().split()[1]) for n in ("daemon", "broker")]
    assert ends == sorted(ends)


def test_a_program_that_is_not_there_is_a_coded_error(processes, monkeypatch):
    monkeypatch.setattr(room.sys, "executable", "/nowhere/python")

    with pytest.raises(ProcessEndedError, match="PROCESS_NOT_STARTED"):
        processes.start("one", ())


def test_a_signal_ends_the_watch_at_its_next_look_and_not_before():
    watch = Watch(60, "logs")
    before = signal.getsignal(signal.SIGTERM)

    with watch.signals():
        os.kill(os.getpid(), signal.SIGTERM)
        with pytest.raises(StoppedError, match="DEMO_STOPPED") as caught:
            watch.pause(60)

    assert caught.value.where == "SIGTERM"
    assert signal.getsignal(signal.SIGTERM) is before


def test_the_time_limit_is_told_with_the_logs():
    with pytest.raises(OverdueError, match="DEMO_TIMEOUT") as caught:
        Watch(0, "demo-out/logs").check()

    assert caught.value.where == "demo-out/logs"


def test_a_hang_up_that_is_ignored_stays_ignored():
    before = signal.signal(signal.SIGHUP, signal.SIG_IGN)
    try:
        watch = Watch(60, "logs")
        with watch.signals():
            os.kill(os.getpid(), signal.SIGHUP)
            watch.check()
    finally:
        signal.signal(signal.SIGHUP, before)
