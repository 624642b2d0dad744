"""A real Kafka that tests may take everything off."""

from __future__ import annotations

import pytest
from kafka_site import KafkaSite


@pytest.fixture(scope="session")
def bare_kafka(kafka_possible, tmp_path_factory):
    """A node of its own for tests that begin with nothing; the shared one keeps what is on it."""
    site = KafkaSite(tmp_path_factory.mktemp("bare-kafka"))
    try:
        site.start()
        yield site
    finally:
        site.cluster.stop()
