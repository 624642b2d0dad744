"""The harness works: three persons, without sealing, on the quick broker. Nothing is timed."""

from __future__ import annotations

import os
import subprocess
import sys
from io import StringIO

import bench_daemon
import pytest
from bench_daemon import PLAIN, STATEMENTS
from bench_network import ROLES, running
from bench_people import people
from bench_workloads import Bench, Workload, WrongResultError, checked
from rich.console import Console

from adapters.demo.brokers import BrokerChoice
from adapters.demo.screen import Screen
from adapters.demo.watch import Watch


def test_unsealed_daemons_deliver_what_the_table_holds(tmp_path):
    everybody = people(5)
    watch = Watch(60, str(tmp_path))
    screen = Screen(Console(file=StringIO()), watch)

    with running(PLAIN, everybody, tmp_path, screen, watch, BrokerChoice.EMBEDDED) as network:
        measured = Bench(network, everybody).run(Workload("three", 3, 1, 1))

    assert len(measured.result["outcomes"]) == 3
    assert set(measured.stages) == set(ROLES.values())
    assert all(stages[STATEMENTS][1] > 0 for stages in measured.stages.values())
    assert all(leg >= 0 for leg in measured.queries[0].legs)


def test_a_result_that_misses_somebody_is_no_measurement():
    asked = people(2)
    result = {
        "unanswered": [],
        "persons": [{"id_number": asked[0].id_number}],
        "summary": "one of two",
    }

    with pytest.raises(WrongResultError, match="one of two"):
        checked(result, asked)


def test_nobody_but_the_benchmark_runs_a_daemon_without_sealing(tmp_path):
    another = str(os.getppid())
    (tmp_path / bench_daemon.MARK).write_text(another, "ascii")

    refused = _start(tmp_path, tmp_path / "config.toml")

    assert (refused.returncode, refused.stdout) == (bench_daemon.REFUSED, "")
    assert "only the benchmark" in refused.stderr


def test_the_benchmark_runs_no_configuration_from_elsewhere(tmp_path):
    folder = tmp_path / "run"
    folder.mkdir()
    (folder / bench_daemon.MARK).write_text(str(os.getpid()), "ascii")

    assert _start(folder, tmp_path / "config.toml").returncode == bench_daemon.REFUSED


def _start(folder, config):
    command = ("--run", folder, "--variant", PLAIN, "hub", "run", "-c", config)
    return subprocess.run(  # noqa: S603 - our own launcher
        [sys.executable, bench_daemon.__file__, *map(str, command)],
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
