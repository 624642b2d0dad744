"""The hub and the applicant of the admission tests."""

from __future__ import annotations

import pytest
from signer_admission_world import KEY_PASS, Hub, pending_keys


@pytest.fixture
def hub(tmp_path, now):
    return Hub(tmp_path, now)


@pytest.fixture
def pending(tmp_path):
    return pending_keys(tmp_path / "pending")


@pytest.fixture
def passphrase_file(tmp_path):
    path = tmp_path / "key.pass"
    path.write_bytes(KEY_PASS + b"\n")
    path.chmod(0o600)
    return path
