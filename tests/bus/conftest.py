"""The PostgreSQL cluster of the bus's tests: started once, when the first test asks for it."""

from __future__ import annotations

import os
from collections.abc import Iterator

import pytest
from postgres import PostgresCluster, binaries


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
