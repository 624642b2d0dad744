"""What tests of several folders need: the session's Kafka, and its PostgreSQL."""

from __future__ import annotations

import os
import tomllib
from collections.abc import Iterator
from pathlib import Path

import pytest
import softhsm
from hypothesis import settings
from kafka_site import KafkaSite
from mariadb import MariaDbServer, mariadb_missing
from postgres import PostgresCluster, binaries
from prometheus_site import missing_tools
from rest_site import RestSite, rest_site
from xdist.scheduler import LoadScopeScheduling

from bus.broker.local.jars import find_jars, find_java
from bus.errors import ConfigError
from signer.suites import sm2

# How long an example takes says how busy the machine is, and nothing about the code.
settings.register_profile("hedui", deadline=None)
settings.load_profile("hedui")

NETWORKS = ("bench", "crash", "demo", "docker", "kafka")
"""Folders whose tests start many processes: one after the other, beside all other tests."""

ALL_NETWORKS = "networks"


def pytest_addoption(parser):
    parser.addoption("--nightly", action="store_true", help="run the tests marked nightly too")


def pytest_collection_modifyitems(config, items):
    for item in items:
        for mark in item.iter_markers("requirement"):
            item.user_properties += [("requirement", number) for number in mark.args]
    if config.getoption("--nightly"):
        return
    kept = [item for item in items if item.get_closest_marker("nightly") is None]
    left = [item for item in items if item.get_closest_marker("nightly") is not None]
    config.hook.pytest_deselected(items=left)
    items[:] = _longest_first(kept)


def _longest_first(items):
    """Networks, then files with a slow test, then the rest: no process ends alone with a long one.

    Within each of the three the order stays as it was shuffled.
    """
    slow = {item.path for item in items if item.get_closest_marker("slow") is not None}
    return sorted(
        items, key=lambda item: (_scope(item.nodeid) != ALL_NETWORKS, item.path not in slow)
    )


STATEMENTS = Path(__file__).with_name("docs") / "regulation_statements.toml"
"""The statements of the rules that the project holds."""

PASSED = set()
"""The requirements of which a test has passed in this run."""


def pytest_runtest_logreport(report):
    if report.when == "call" and report.passed:
        PASSED.update(value for name, value in report.user_properties if name == "requirement")


@pytest.hookimpl(trylast=True)
def pytest_sessionfinish(session):
    """In CI, which runs everything, each statement of the rules has a test that passed."""
    if not os.environ.get("HEDUI_CI") or hasattr(session.config, "workerinput"):
        return
    listed = tomllib.loads(STATEMENTS.read_text("utf-8"))["statement"]
    unshown = sorted({one["number"] for one in listed} - PASSED)
    if unshown:
        print("NOT SHOWN BY A PASSING TEST:", " ".join(unshown))  # noqa: T201 - for people
        session.exitstatus = session.exitstatus or pytest.ExitCode.TESTS_FAILED


def _scope(nodeid):
    file = nodeid.partition("::")[0]
    return ALL_NETWORKS if file.removeprefix("tests/").split("/")[0] in NETWORKS else file


class OneNetworkAtATime(LoadScopeScheduling):
    """File by file over the processes, but all files that start networks on one of them."""

    def _split_scope(self, nodeid):
        return _scope(nodeid)


def pytest_xdist_make_scheduler(config, log):
    config.option.loadscopereorder = False  # the order of `_longest_first`, not of their numbers
    return OneNetworkAtATime(config, log)


@pytest.fixture(scope="session")
def kafka_possible():
    """Skip, or fail in CI, where a real Kafka cannot run."""
    try:
        find_java()
        find_jars()
    except ConfigError as error:
        if os.environ.get("HEDUI_CI"):
            pytest.fail(f"a real Kafka is needed here: {error}")
        pytest.skip(f"NO REAL KAFKA: its tests are skipped: {error}")


@pytest.fixture(scope="session")
def kafka(kafka_possible, tmp_path_factory):
    """One real node with mutual TLS and an authoriser, shared by the session."""
    site = KafkaSite(tmp_path_factory.mktemp("kafka"))
    try:
        site.start()
        yield site
    finally:
        site.cluster.stop()


@pytest.fixture(scope="session")
def prometheus_possible():
    """Skip, or fail in CI, where Prometheus is not installed."""
    missing = ", ".join(missing_tools())
    if missing and os.environ.get("HEDUI_CI"):
        pytest.fail(f"Prometheus is needed here (Debian package prometheus): {missing}")
    if missing:
        pytest.skip(f"NO PROMETHEUS: its tests are skipped, missing: {missing}")


@pytest.fixture(scope="session")
def softhsm_module(tmp_path_factory):
    """SoftHSM2's library, with one token; skip, or fail in CI, where it is not installed."""
    missing = softhsm.missing()
    if missing and os.environ.get("HEDUI_CI"):
        pytest.fail(f"SoftHSM2 is needed here: {missing}")
    if missing:
        pytest.skip(f"NO SOFTHSM2: keys in hardware are not tested: {missing}")
    softhsm.make_token(tmp_path_factory.mktemp("softhsm"))
    return softhsm.module()


@pytest.fixture(scope="session")
def gm_possible():
    """Skip, or fail in CI, where the extra `gm` is not installed."""
    if sm2.installed():
        return
    text = "NO EXTRA gm: its tests are skipped"
    if os.environ.get("HEDUI_CI"):
        pytest.fail(text)
    pytest.skip(text)


@pytest.fixture(scope="session")
def _rest_service() -> Iterator[RestSite]:
    with rest_site() as site:
        yield site


@pytest.fixture
def rest_service(_rest_service) -> RestSite:
    """A real HTTP service, for one test to say what it answers."""
    _rest_service.reset()
    return _rest_service


@pytest.fixture
def postgres(postgres_cluster) -> Iterator[PostgresCluster]:
    """The cluster, for one test's databases."""
    yield postgres_cluster
    postgres_cluster.recycle()


@pytest.fixture(scope="session")
def postgres_cluster() -> Iterator[PostgresCluster]:
    """The cluster itself."""
    if binaries() is None:
        text = "PostgreSQL NOT TESTED: no server is installed (apt-get install postgresql)"
        if os.environ.get("HEDUI_CI") == "1":
            pytest.fail(text)
        pytest.skip(text)
    cluster = PostgresCluster.make()
    try:
        cluster.start()
        yield cluster
    finally:
        cluster.remove()


@pytest.fixture(scope="session")
def mariadb_server() -> Iterator[MariaDbServer]:
    """The server, shared by the session."""
    missing = mariadb_missing()
    if missing is not None:
        text = f"MariaDB NOT TESTED: apt-get install mariadb-server, missing: {missing}"
        if os.environ.get("HEDUI_CI") == "1":
            pytest.fail(text)
        pytest.skip(text)
    server = MariaDbServer.make()
    try:
        server.start()
        yield server
    finally:
        server.remove()
