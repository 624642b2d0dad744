"""What goes to and fro about operators and their tokens. A secret stands in one answer, once."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated

from pydantic import AfterValidator, BaseModel, ConfigDict, Field

from bus.api.body import Answered
from bus.api.operator import NAME_LIMIT, plain_name
from bus.model.operator import Operator, OperatorRole, Token

UNIT_LIMIT = 100


def _name(value: str) -> str:
    if not plain_name(value):
        raise ValueError(f"应为不超过 {NAME_LIMIT} 个可显示字符 / up to {NAME_LIMIT} printable")
    return value


def _unit(value: str) -> str:
    if not value.isprintable():
        raise ValueError("含控制字符 / not printable")
    return value.strip()


def _roles(value: tuple[OperatorRole, ...]) -> tuple[OperatorRole, ...]:
    return tuple(role for role in OperatorRole if role in value)


Roles = Annotated[
    tuple[OperatorRole, ...], AfterValidator(_roles), Field(description="角色 / Its roles")
]
Unit = Annotated[
    str,
    Field(max_length=UNIT_LIMIT, description="委托单位，空为本中心 / Entrusting unit, or empty"),
    AfterValidator(_unit),
]


class _Given(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class RolesBody(_Given):
    """The roles and the unit an operator is to have."""

    roles: Roles
    unit: Unit = ""


class NewOperatorBody(RolesBody):
    """An operator to be registered."""

    name: Annotated[str, AfterValidator(_name)]


class TokenAsked(_Given):
    """A token to be made."""

    days: Annotated[int, Field(description="有效天数 / Days it serves")]


class TokenBody(Answered):
    """A token (令牌) by its id, without its secret."""

    id: str
    operator: str
    made: datetime
    expires: datetime
    revoked: datetime | None
    used: Annotated[datetime | None, Field(description="最近使用（精确到小时）/ Last served")]

    @classmethod
    def of(cls, token: Token) -> TokenBody:
        """Return the body of a token."""
        return cls(
            id=token.id,
            operator=token.operator,
            made=token.made,
            expires=token.expires,
            revoked=token.revoked,
            used=token.used,
        )


class NewTokenBody(Answered):
    """A token just made, with its text: it is told this once."""

    token: TokenBody
    text: str

    @classmethod
    def of(cls, token: Token, text: str) -> NewTokenBody:
        """Return the body of a token just made."""
        return cls(token=TokenBody.of(token), text=text)


class OperatorBody(Answered):
    """An operator (操作员): who, trusted with what, of which unit."""

    name: str
    roles: tuple[OperatorRole, ...]
    unit: str
    enabled: bool
    made: datetime
    made_by: str
    tokens: tuple[TokenBody, ...]

    @classmethod
    def of(cls, operator: Operator, tokens: tuple[Token, ...]) -> OperatorBody:
        """Return the body of an operator."""
        return cls(
            name=operator.name,
            roles=operator.roles,
            unit=operator.unit,
            enabled=operator.enabled,
            made=operator.made,
            made_by=operator.made_by,
            tokens=tuple(TokenBody.of(token) for token in tokens),
        )
