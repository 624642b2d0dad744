"""What an operator's token looks like, and whether it is the one we know.

`hedui_<id>_<secret>`: 16 hexadecimal digits that name it, then 256 bits from the operating system
in base64url. The secret is told once and kept as an HMAC under the store key.
"""

from __future__ import annotations

import hmac
import re
from base64 import urlsafe_b64decode, urlsafe_b64encode
from dataclasses import dataclass
from datetime import datetime, timedelta

from bus.daemon.office import Office
from bus.model.operator import Token

ID_BYTES = 8
SECRET_BYTES = 32
DAYS = 90
"""How long a token serves unless it is said otherwise."""
MOST_DAYS = 366

_FORM = re.compile(r"hedui_([0-9a-f]{16})_([A-Za-z0-9_-]{43})")


@dataclass(frozen=True, slots=True)
class Presented:
    """A token as it was shown: well formed, not yet known to be right."""

    id: str
    secret: bytes


def read_token(text: str) -> Presented | None:
    """Return what a text shows, None where it has not the form of a token."""
    found = _FORM.fullmatch(text)
    if found is None:
        return None
    return Presented(found[1], urlsafe_b64decode(found[2] + "="))


def make_token(office: Office, operator: str, now: datetime, days: int) -> tuple[Token, str]:
    """Return a new token as it is kept, and as its owner is told it, once.

    Args:
        office: The centre.
        operator: Whose it is.
        now: The present instant.
        days: How long it serves.
    """
    name, secret = office.entropy(ID_BYTES).hex(), office.entropy(SECRET_BYTES)
    mac = office.store_key.operator_mac(name, secret)
    kept = Token(name, operator, mac, now, now + timedelta(days=days))
    return kept, f"hedui_{name}_{urlsafe_b64encode(secret).decode().rstrip('=')}"


def is_right(office: Office, presented: Presented, kept: Token | None) -> bool:
    """Whether a presented token is the kept one; takes as long where there is none."""
    mac = office.store_key.operator_mac(presented.id, presented.secret)
    known = bytes(len(mac)) if kept is None else kept.mac
    return hmac.compare_digest(mac, known) and kept is not None
