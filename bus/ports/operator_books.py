"""What a centre's books hold of its operators and their tokens (R076, R078)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from bus.model.operator import Operator, Token


class OperatorBooks(Protocol):
    """Named operators, and the tokens they show; nothing of either is ever taken away."""

    async def operator(self, name: str) -> Operator | None:
        """Return an operator, or None."""
        ...

    async def operators(self) -> Sequence[Operator]:
        """Return all operators, by name."""
        ...

    async def save_operator(self, operator: Operator) -> None:
        """Insert or replace an operator."""
        ...

    async def token(self, token: str) -> Token | None:
        """Return a token by its id, or None."""
        ...

    async def tokens(self) -> Sequence[Token]:
        """Return all tokens, by their ids."""
        ...

    async def save_token(self, token: Token) -> None:
        """Insert or replace a token."""
        ...
