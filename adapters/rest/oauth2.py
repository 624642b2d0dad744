"""Which token goes with a request: by client credentials (RFC 6749, section 4.4).

A token is kept until shortly before it expires. Whoever needs one while it is fetched waits for
the same; one that the service refuses is fetched anew, once for all who were refused with it.
"""

from __future__ import annotations

import asyncio
import re
import time
from base64 import b64encode
from collections.abc import Awaitable, Callable
from decimal import Decimal
from urllib.parse import quote, urlencode

from adapters.contract import SourceUnavailableError
from adapters.rest.faults import failed, unauthorised
from adapters.rest.mapping import OAuth2Section
from adapters.rest.reply import Reply
from adapters.rest.strictjson import read_json

LEEWAY_SECONDS = 30.0
"""A token is renewed so long before it expires, or after nine tenths of a short life."""

DEFAULT_LIFE_SECONDS = 300.0
"""How long a token is kept whose life is not told."""

FORM = "application/x-www-form-urlencoded"

_OK = 200
_TOKEN = re.compile(r"[\x21-\x7e]{1,16384}")

Fetch = Callable[[str, bytes, dict[str, str]], Awaitable[Reply]]
"""Sends a POST to a URL with a body and headers; raises `SourceUnavailableError`."""


class Tokens:
    """The token in use.

    Args:
        section: Where tokens come from.
        secret: The client's.
        fetch: Sends the request for one.
        clock: Seconds, monotonic.
    """

    def __init__(
        self,
        section: OAuth2Section,
        secret: str,
        fetch: Fetch,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._section = section
        self._secret = secret
        self._fetch = fetch
        self._clock = clock
        self._token: str | None = None
        self._until = 0.0
        self._fetching = asyncio.Lock()

    async def token(self) -> str:
        """Return a token that has not expired.

        Raises:
            SourceUnavailableError: There is none to be had: `SOURCE_UNAUTHORISED`, or as `fetch`.
        """
        async with self._fetching:
            if self._token is None or self._clock() >= self._until:
                asked_at = self._clock()
                self._token, life = self._read(await self._request())
                self._until = asked_at + max(life - LEEWAY_SECONDS, life * 0.9)
            return self._token

    def refused(self, token: str) -> None:
        """The service did not accept a token: unless it was replaced meanwhile, let go of it."""
        if self._token == token:
            self._token = None

    async def _request(self) -> Reply:
        section = self._section
        form = {"grant_type": "client_credentials"}
        headers = {"Content-Type": FORM}
        if section.scope:
            form["scope"] = section.scope
        if section.client_auth == "post":
            form |= {"client_id": section.client_id, "client_secret": self._secret}
        else:
            # RFC 6749, 2.3.1: each is form-encoded before the two are joined.
            pair = f"{quote(section.client_id, safe='')}:{quote(self._secret, safe='')}"
            headers["Authorization"] = f"Basic {b64encode(pair.encode()).decode()}"
        return await self._fetch(section.token_url, urlencode(form).encode(), headers)

    def _read(self, reply: Reply) -> tuple[str, float]:
        if reply.again:
            raise failed(f"HTTP {reply.status}", "source.oauth2")
        if reply.status != _OK:
            raise unauthorised(f"HTTP {reply.status}", "source.oauth2")
        try:
            document = read_json(reply.content, reply.charset)
        except ValueError:
            raise _no_token() from None
        if not isinstance(document, dict):
            raise _no_token()
        token, kind = document.get("access_token"), document.get("token_type", "Bearer")
        if not isinstance(token, str) or not _TOKEN.fullmatch(token):
            raise _no_token()
        if not isinstance(kind, str) or kind.lower() != "bearer":
            raise _no_token()
        return token, _life(document.get("expires_in", DEFAULT_LIFE_SECONDS))


def _life(raw: object) -> float:
    if isinstance(raw, str) and raw.isdecimal():
        raw = Decimal(raw)
    if isinstance(raw, bool) or not isinstance(raw, int | float | Decimal) or raw < 0:
        raise _no_token()
    return min(float(raw), 86_400.0)


def _no_token() -> SourceUnavailableError:
    return unauthorised("token", "source.oauth2")
