"""A certificate authority, an administrator's keys, and a scripted client under the shell."""

from __future__ import annotations

import sys
from datetime import UTC, datetime
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent))

from scripted_admin import ScriptedAdmin

from bus.broker.provisioning import cluster
from signer.ca.files import init_ca
from signer.ca.services import issue_service_keys
from signer.identity import ADMIN_SERVICE

PASSPHRASE = b"of a test"


@pytest.fixture(scope="session")
def keys(tmp_path_factory):
    """A key directory and the file of its passphrase."""
    folder = tmp_path_factory.mktemp("admin")
    now = datetime.now(UTC)
    init_ca(folder / "ca", b"ca", now, 1)
    issue_service_keys(folder / "ca", b"ca", ADMIN_SERVICE, folder / "keys", PASSPHRASE, now=now)
    secret = folder / "passphrase"
    secret.touch(0o600)
    secret.write_bytes(PASSPHRASE)
    return folder / "keys", secret


@pytest.fixture
def admin(monkeypatch):
    scripted = ScriptedAdmin()
    monkeypatch.setattr(cluster, "AdminClient", scripted)
    return scripted
