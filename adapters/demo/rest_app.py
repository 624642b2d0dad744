"""An agency's tables behind an HTTP service: what many a fund centre or bureau has already.

    POST /oauth2/token                       client credentials -> a token for five minutes
    POST /api/<resource> {"persons": [...]}  -> {"code": 0, "total": 2, "records": [{...}, ...]}
    GET  /api/health                         -> {"code": 0}

Members are named as the items; amounts and days are text. Everything below `/api` needs a token.
"""

from __future__ import annotations

import secrets
import time
from base64 import b64decode
from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from decimal import Decimal
from typing import Annotated, Any
from urllib.parse import parse_qs, unquote

from fastapi import Depends, FastAPI, Header, HTTPException, Request
from pydantic import BaseModel, Field

from adapters.contract import Value
from adapters.demo.csv_table import Table
from adapters.numbers import id_key

TOKEN_SECONDS = 300
MAX_PERSONS = 1000

_UNAUTHORISED = 401
_NOT_FOUND = 404
_PAIR = 2


@dataclass
class Door:
    """Who may ask: one client, by its secret, and then by the tokens it was given.

    Attributes:
        client_id: The client.
        secret: Its secret.
        clock: Seconds, monotonic.
    """

    client_id: str
    secret: str = field(repr=False)
    clock: Callable[[], float] = time.monotonic
    _tokens: dict[str, float] = field(default_factory=dict, repr=False, init=False)

    def token(self, authorization: str) -> str | None:
        """Return a new token for HTTP's basic authentication; None where it is not the client's."""
        scheme, _, given = authorization.partition(" ")
        try:
            pair = b64decode(given, validate=True).decode().split(":", 1)
        except ValueError:
            return None
        expected = (self.client_id, self.secret)
        if scheme.lower() != "basic" or len(pair) != _PAIR:
            return None
        shown = [unquote(one).encode() for one in pair]
        same = [secrets.compare_digest(a, b.encode()) for a, b in zip(shown, expected, strict=True)]
        if not all(same):
            return None
        token = secrets.token_urlsafe(32)
        now = self.clock()
        self._tokens = {known: until for known, until in self._tokens.items() if until > now}
        self._tokens[token] = now + TOKEN_SECONDS
        return token

    def lets_in(self, authorization: str) -> bool:
        """Whether a request shows a token that is still good."""
        scheme, _, token = authorization.partition(" ")
        return scheme.lower() == "bearer" and self._tokens.get(token, 0.0) > self.clock()


class Query(BaseModel):
    """Whom is asked about: ID numbers."""

    persons: list[str] = Field(max_length=MAX_PERSONS)


def tables_app(tables: Sequence[Table], door: Door) -> FastAPI:
    """Return the service of an agency's tables.

    Args:
        tables: The tables, one for each resource.
        door: Who may ask.
    """
    held = {table.resource.name: _by_number(table) for table in tables}
    app = FastAPI(title="机构查询服务", openapi_url=None, docs_url=None, redoc_url=None)

    def authorised(authorization: Annotated[str, Header()] = "") -> None:
        if not door.lets_in(authorization):
            raise HTTPException(_UNAUTHORISED)

    @app.post("/oauth2/token")
    async def token(
        request: Request, authorization: Annotated[str, Header()] = ""
    ) -> dict[str, Any]:
        form = parse_qs((await request.body()).decode("ascii", "replace"))
        made = door.token(authorization)
        if made is None or form.get("grant_type") != ["client_credentials"]:
            raise HTTPException(_UNAUTHORISED)
        return {"access_token": made, "token_type": "Bearer", "expires_in": TOKEN_SECONDS}

    @app.get("/api/health", dependencies=[Depends(authorised)])
    async def health() -> dict[str, int]:
        return {"code": 0}

    @app.post("/api/{resource}", dependencies=[Depends(authorised)])
    async def query(resource: str, asked: Query) -> dict[str, Any]:
        rows = held.get(resource)
        if rows is None:
            raise HTTPException(_NOT_FOUND)
        numbers = dict.fromkeys(id_key(number) for number in asked.persons)
        records = [row for number in numbers for row in rows.get(number, ())]
        return {"code": 0, "total": len(records), "records": records}

    return app


def _by_number(table: Table) -> Mapping[str, list[dict[str, object]]]:
    rows: defaultdict[str, list[dict[str, object]]] = defaultdict(list)
    for values in table.rows:
        row = {item.name: _shown(value) for item, value in zip(table.items, values, strict=True)}
        rows[id_key(row["id_number"])].append(row)
    return rows


def _shown(value: Value) -> object:
    match value:
        case Decimal():
            return f"{value:f}"
        case date() | datetime():
            return value.isoformat()
        case _:
            return value
