"""What an operator's name may look like, for the API and for the command line."""

from __future__ import annotations

NAME_LIMIT = 64


def plain_name(name: str) -> bool:
    """Whether a text can stand in the audit chain as an operator's name."""
    return 0 < len(name) <= NAME_LIMIT and name.isprintable() and name == name.strip()
