"""The twin's part of a unit that keeps operators; see `OperatorBooks` for what is promised."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from bus.model.operator import Operator, Token
from bus.ports.instants import cut
from bus.ports.memory_tables import MemoryPart


class MemoryOperatorBooks(MemoryPart):
    """Operators and tokens in plain dictionaries."""

    async def operator(self, name: str) -> Operator | None:
        """Return an operator, or None."""
        return self._tables.operators.get(name)

    async def operators(self) -> Sequence[Operator]:
        """Return all operators, by name."""
        kept = self._tables.operators
        return [kept[name] for name in sorted(kept)]

    async def save_operator(self, operator: Operator) -> None:
        """Insert or replace an operator."""
        kept = replace(operator, made=cut(operator.made))
        self._journal.put(self._tables.operators, operator.name, kept)

    async def token(self, token: str) -> Token | None:
        """Return a token by its id, or None."""
        return self._tables.tokens.get(token)

    async def tokens(self) -> Sequence[Token]:
        """Return all tokens, by their ids."""
        kept = self._tables.tokens
        return [kept[one] for one in sorted(kept)]

    async def save_token(self, token: Token) -> None:
        """Insert or replace a token."""
        kept = replace(
            token,
            made=cut(token.made),
            expires=cut(token.expires),
            revoked=None if token.revoked is None else cut(token.revoked),
            used=None if token.used is None else cut(token.used),
        )
        self._journal.put(self._tables.tokens, token.id, kept)
