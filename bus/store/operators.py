"""Who are the operators of this centre, and which tokens do they show?"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict

from sqlalchemy import RowMapping, bindparam, select

from bus.model.operator import Operator, OperatorRole, Token
from bus.store.conflicts import insert_or_replace
from bus.store.statements import Statements, columns_of
from bus.store.tables import operators, tokens

# A call: whose token is it?
FIND_OPERATOR = select(*columns_of(operators, Operator)).where(
    operators.c.name == bindparam("name")
)
FIND_TOKEN = select(*columns_of(tokens, Token)).where(tokens.c.id == bindparam("token"))

# For the administrator's list, and for the inspection.
LIST_OPERATORS = select(*columns_of(operators, Operator)).order_by(operators.c.name)
LIST_TOKENS = select(*columns_of(tokens, Token)).order_by(tokens.c.id)


class Operators(Statements):
    """The operators of a unit; see `OperatorBooks`."""

    async def operator(self, name: str) -> Operator | None:
        """Return an operator, or None."""
        row = await self._row(FIND_OPERATOR, {"name": name})
        return None if row is None else _operator(row)

    async def operators(self) -> Sequence[Operator]:
        """Return all operators, by name."""
        return [_operator(row) for row in await self._rows(LIST_OPERATORS, {})]

    async def save_operator(self, operator: Operator) -> None:
        """Insert or replace an operator."""
        values = asdict(operator) | {"roles": " ".join(operator.roles)}
        # Replaced whole: what may be changed the service has judged, in this transaction.
        await self._write(insert_or_replace(operators, self._dialect), values)

    async def token(self, token: str) -> Token | None:
        """Return a token by its id, or None."""
        row = await self._row(FIND_TOKEN, {"token": token})
        return None if row is None else Token(**row)

    async def tokens(self) -> Sequence[Token]:
        """Return all tokens, by their ids."""
        return [Token(**row) for row in await self._rows(LIST_TOKENS, {})]

    async def save_token(self, token: Token) -> None:
        """Insert or replace a token."""
        await self._write(insert_or_replace(tokens, self._dialect), asdict(token))


def _operator(row: RowMapping) -> Operator:
    roles = tuple(OperatorRole(role) for role in row["roles"].split())
    return Operator(**(dict(row) | {"roles": roles}))
