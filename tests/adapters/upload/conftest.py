"""An agency whose department uploads, on an open store."""

from __future__ import annotations

import pytest
from upload_samples import Agency

from bus.ports.memory_store import MemoryStore


@pytest.fixture
async def store():
    opened = MemoryStore()
    await opened.open()
    yield opened
    await opened.close()


@pytest.fixture
def folder(tmp_path):
    made = tmp_path / "agency"
    made.mkdir()
    return made


@pytest.fixture
def agency(folder, store) -> Agency:
    return Agency(folder, store)


@pytest.fixture
def agency_with(folder, store):
    def make(source=None, **entry) -> Agency:
        return Agency(folder, store, source or {}, entry)

    return make
