from __future__ import annotations

import hashlib
import shutil
import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parents[1] / "template"))

from returns_site import Authorities, Site, make_authorities


@pytest.fixture(autouse=True)
def quick_store_key(monkeypatch) -> None:
    """Stretching the passphrase is slow by design, and each command does it anew."""
    stretched = "signer.storekey._stretch"
    monkeypatch.setattr(stretched, lambda phrase, head: hashlib.sha256(phrase + head).digest())


@pytest.fixture(scope="session")
def authorities(tmp_path_factory) -> Authorities:
    return make_authorities(tmp_path_factory.mktemp("authorities"))


@pytest.fixture(scope="session")
def _begun() -> dict[str, Path]:
    """A store with the directory in it, copied for each test: its tables take a while."""
    return {}


@pytest.fixture
async def begun(authorities, _begun, tmp_path_factory) -> Path:
    if "store" not in _begun:
        _begun["store"] = tmp_path_factory.mktemp("store") / "adapter.db"
        await Site.begin(authorities, _begun["store"])
    return _begun["store"]


@pytest.fixture
def site(authorities, begun, tmp_path) -> Site:
    shutil.copy(begun, tmp_path)
    return Site(authorities, tmp_path)


@pytest.fixture
def medium(authorities, begun, tmp_path) -> Site:
    folder = tmp_path / "medium"
    folder.mkdir()
    shutil.copy(begun, folder)
    return Site(authorities, folder, "medium")
