"""The gate before every route: who calls is known before a byte of a body is read."""

from __future__ import annotations

from fastapi import Request
from fastapi.routing import APIRoute
from starlette.datastructures import Headers
from starlette.routing import compile_path
from starlette.types import ASGIApp, Receive, Scope, Send

from bus.daemon.access.gate import AccessError, Door, Gate, Shown
from bus.errors import DefectError, HeduiError
from bus.http.answers import error_response
from bus.http.caller import CALLER, OPERATOR_HEADER, read_operator
from bus.http.routes import DEEDS
from bus.model.operator import Caller
from bus.rules.access import Deed

BEARER = "bearer "
LISTED = "listed"
"""Where it is noted which route the gate took a call for."""


class AccessGate:
    """Lets calls through to the routes below, the caller noted for them, or answers why not.

    What stands on no list goes on unnoted: `passed` refuses it if there is a route after all.

    Args:
        app: What is behind it.
        prefix: What the paths begin with.
        gate: Judges.
        door: Which way calls come in here.
    """

    def __init__(self, app: ASGIApp, prefix: str, gate: Gate, door: Door) -> None:
        self._app = app
        self._prefix = prefix
        self._listed = [
            (method, path, compile_path(prefix + path)[0], deed)
            for (method, path), deed in DEEDS.items()
        ]
        self._gate = gate
        self._door = door

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Judge one call."""
        if scope["type"] == "http":
            for method, path, form, deed in self._listed:
                if method == scope["method"] and form.match(scope["path"]):
                    try:
                        caller = await self._admit(scope, deed, f"{method} {path}")
                    except HeduiError as error:
                        await error_response(error)(scope, receive, send)
                        return
                    # A route tells its path with what it stands under, or without.
                    noted = {CALLER: caller, LISTED: (path, self._prefix + path)}
                    scope.setdefault("state", {}).update(noted)
                    break
        await self._app(scope, receive, send)

    async def _admit(self, scope: Scope, deed: Deed, act: str) -> Caller:
        headers = Headers(scope=scope)
        named = headers.get(OPERATOR_HEADER)
        given = headers.get("authorization")
        client = scope.get("client")
        uid = client[1] if client is not None and client[0] == "uid" else None
        shown = Shown(
            door=self._door,
            address="" if client is None else str(client[0]),
            uid=uid,
            name=read_operator(named) if named else None,
            token=None if given is None else _bearer(given),
        )
        return await self._gate.admit(shown, deed, act)


def passed(request: Request) -> None:
    """Check that a call came through the gate as a call of this very route.

    Raises:
        DefectError: `ROUTE_WITHOUT_DEED`: it stands on no list, so nobody may call it.
    """
    route: APIRoute = request.scope["route"]
    if route.path in getattr(request.state, LISTED, ()):
        return
    raise DefectError(
        "ROUTE_WITHOUT_DEED",
        "该操作没有规定所需角色，已拒绝",
        "no role is laid down for this route, so it is refused",
        remedy_zh="请报告给开发方",
        remedy_en="Report this; it belongs on the list of bus/http/routes.py",
        where=f"{request.method} {route.path}",
    )


def _bearer(given: str) -> str:
    """Return the token of an `Authorization` header; any other scheme shows a token that is none.

    Raises:
        AccessError: `TOKEN_SCHEME`.
    """
    if not given.lower().startswith(BEARER):
        raise AccessError(
            "TOKEN_SCHEME",
            "令牌须以 Authorization: Bearer 出示",
            "a token is shown as Authorization: Bearer",
            where="Authorization",
        )
    return given[len(BEARER) :].strip()
