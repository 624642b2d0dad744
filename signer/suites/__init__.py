"""Cipher suites: named, versioned, one file each; `suite(name)` finds one."""

from __future__ import annotations

from signer.suites.p256_aes256gcm import P256Aes256Gcm
from signer.suites.suite import Suite, SuiteError

__all__ = ["SUITES", "Suite", "SuiteError", "suite"]

SUITES: dict[str, Suite] = {s.name: s for s in (P256Aes256Gcm(),)}


def suite(name: str) -> Suite | None:
    """Return the suite of that name, or None when this product does not know it."""
    return SUITES.get(name)
