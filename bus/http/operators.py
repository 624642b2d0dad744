"""The routes of operators and tokens: register, change, disable; make and take back tokens."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Path

from bus.api.operator import NAME_LIMIT
from bus.api.staff import (
    NewOperatorBody,
    NewTokenBody,
    OperatorBody,
    RolesBody,
    TokenAsked,
    TokenBody,
)
from bus.daemon.access.operators import OperatorService
from bus.http.answers import DOCUMENTED
from bus.http.caller import Calling

Name = Annotated[str, Path(max_length=NAME_LIMIT, description="操作员 / The operator")]
TokenId = Annotated[str, Path(pattern="^[0-9a-f]{16}$", description="令牌编号 / The token's id")]


def operator_routes(service: OperatorService) -> APIRouter:
    """Return the routes of operators, the same at hub and nodes.

    Args:
        service: The centre's operators.
    """
    routes = APIRouter(prefix="/operators", tags=["操作员 Operators"], responses=DOCUMENTED)

    @routes.get("", summary="列出操作员 / List")
    async def operators(_caller: Calling) -> tuple[OperatorBody, ...]:
        """操作员、角色与令牌（不含密文）。 Operators, their roles, their tokens without secrets."""
        return tuple(OperatorBody.of(*found) for found in await service.operators())

    @routes.post("", status_code=201, summary="登记操作员 / Register")
    async def add(caller: Calling, given: NewOperatorBody) -> OperatorBody:
        """首先登记的须为管理员；此后各项操作均须凭令牌。 The first must be an administrator."""
        made = await service.add(given.name, given.roles, given.unit, caller)
        return OperatorBody.of(made, ())

    @routes.post("/{name}/roles", summary="更改角色 / Change roles")
    async def change(name: Name, caller: Calling, given: RolesBody) -> OperatorBody:
        """更改角色与所属单位，下一次操作起生效。 Other roles, another unit."""
        return OperatorBody.of(await service.change(name, given.roles, given.unit, caller), ())

    @routes.post("/{name}/disable", summary="停用 / Disable")
    async def disable(name: Name, caller: Calling) -> OperatorBody:
        """停用操作员，下一次操作起生效。 From the next call on."""
        return OperatorBody.of(await service.enable(name, caller, enabled=False), ())

    @routes.post("/{name}/enable", summary="恢复 / Enable")
    async def enable(name: Name, caller: Calling) -> OperatorBody:
        """恢复已停用的操作员。 Enables an operator again."""
        return OperatorBody.of(await service.enable(name, caller, enabled=True), ())

    @routes.post("/{name}/tokens", status_code=201, summary="签发令牌 / Make a token")
    async def new_token(name: Name, caller: Calling, given: TokenAsked) -> NewTokenBody:
        """令牌只显示这一次。 The token is told this once."""
        kept, text = await service.new_token(name, given.days, caller)
        return NewTokenBody.of(kept, text)

    @routes.delete("/{name}/tokens/{token}", summary="收回令牌 / Take a token back")
    async def revoke_token(name: Name, token: TokenId, caller: Calling) -> TokenBody:
        """收回令牌，下一次操作起生效。 From the next call on."""
        return TokenBody.of(await service.revoke_token(name, token, caller))

    return routes
