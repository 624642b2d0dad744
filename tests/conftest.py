"""What tests of several folders need: whether a service can run here, and the session's Kafka."""

from __future__ import annotations

import os

import pytest
from kafka_site import KafkaSite
from prometheus_site import missing_tools

from bus.broker.local.jars import find_jars, find_java
from bus.errors import ConfigError


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
