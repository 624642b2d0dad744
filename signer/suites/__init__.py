"""Cipher suites: named, versioned, one file each; `suite(name)` finds one.

`SUITES` holds those that can be used here: `sm2-sm4gcm/1` only where the extra `gm` is installed.
"""

from __future__ import annotations

from signer.suites import sm2
from signer.suites.p256_aes256gcm import P256Aes256Gcm
from signer.suites.sm2_sm4gcm import Sm2Sm4Gcm
from signer.suites.suite import Suite, SuiteError

__all__ = ["SUITES", "Suite", "SuiteError", "suite"]

_GM: tuple[Suite, ...] = (Sm2Sm4Gcm(),) if sm2.installed() else ()

SUITES: dict[str, Suite] = {s.name: s for s in (P256Aes256Gcm(), *_GM)}


def suite(name: str) -> Suite | None:
    """Return the suite of that name, or None when it cannot be used here."""
    return SUITES.get(name)
