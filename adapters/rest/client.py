"""How a request is sent, and when again: within the pace, the time and the budget of retries.

Redirects are not followed, nothing of the environment decides the way (no proxies), no cookie is
kept, and an answer is read up to a bound. Retries are for what passes: 429, 502, 503, 504 and
connections that broke. A request only reads, so that sending it twice is harmless.
"""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Awaitable, Callable, Mapping
from http.cookiejar import CookieJar, DefaultCookiePolicy
from types import MappingProxyType

import httpx

from adapters.contract import SourceUnavailableError
from adapters.rest.address import below, is_clear, is_header_value
from adapters.rest.faults import BatchFaultError, failed, is_tls, unauthorised, unreachable
from adapters.rest.mapping import RestMapping
from adapters.rest.oauth2 import Tokens
from adapters.rest.pace import Pace, RetryBudget
from adapters.rest.reply import Reply, retry_after
from adapters.rest.request import Call
from adapters.rest.tls import client_context
from adapters.secret_file import read_source_secret
from bus.errors import ConfigError

LONGEST_PAUSE_SECONDS = 30.0
"""A service that asks to be left alone for longer is taken to be down."""

FIRST_PAUSE_SECONDS = 0.5
"""Before the first retry; doubled before each other, where the service does not say."""

_RETRIED = frozenset({429, 502, 503, 504})
_UNAUTHORISED = 401
_FORBIDDEN = 403
_SUCCESS = range(200, 300)

_HEADERS: Mapping[str, str] = MappingProxyType(
    {
        "Accept": "application/json",
        # What is not packed cannot unpack to more than was counted.
        "Accept-Encoding": "identity",
        "User-Agent": "hedui-bus",
    }
)


class Service:
    """One service over HTTP.

    Args:
        mapping: Where it is, and how gently to use it.
        clock: Seconds, monotonic.
        sleep: Waits so many seconds.

    Raises:
        ConfigError: A secret or a certificate cannot be used.
    """

    def __init__(
        self,
        mapping: RestMapping,
        clock: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
    ) -> None:
        source = mapping.source
        # At its own level the library logs every URL, and a GET may hold a number.
        for library in ("httpx", "httpcore"):
            logging.getLogger(library).setLevel(logging.WARNING)
        self._mapping = mapping
        self._sleep = sleep
        self._places = asyncio.Semaphore(source.requests_at_once)
        self._pace = Pace(source.requests_per_second, source.requests_at_once, clock, sleep)
        self._budget = RetryBudget(source.retry_budget, source.retries)
        self._context = client_context(mapping)
        self._headers = {**_HEADERS, **source.headers, **_secret_headers(mapping)}
        self._tokens: Tokens | None = None
        if source.oauth2:
            secret = read_source_secret(mapping.folder / source.oauth2.client_secret_file)
            self._tokens = Tokens(source.oauth2, secret, self._fetch_token, clock)
        self._http = httpx.AsyncClient(
            verify=self._context,
            trust_env=False,
            follow_redirects=False,
            timeout=source.timeout_seconds,
            limits=httpx.Limits(max_connections=source.requests_at_once + 1),
            cookies=CookieJar(DefaultCookiePolicy(allowed_domains=())),
        )

    @property
    def max_answer_bytes(self) -> int:
        """How large an answer may be."""
        return self._mapping.source.max_answer_bytes

    async def ask(self, call: Call, where: str) -> Reply:
        """Send a request, again where that may help, and return the answer.

        Args:
            call: The request.
            where: What error texts call this part of the source.

        Returns:
            An answer whose status is 2xx, 3xx or a 4xx that is about the request itself.

        Raises:
            SourceUnavailableError: `SOURCE_FAILED`, `SOURCE_TIMEOUT`, `SOURCE_TLS` or
                `SOURCE_UNAUTHORISED`.
            BatchFaultError: `RECORDS_TOO_MANY`: the answer is larger than the bound.
        """
        self._budget.request()
        renewed = False
        tries = 0
        while True:
            token = await self._tokens.token() if self._tokens else None
            reply = await self._attempt(call, token, where)
            if self._tokens and token and not renewed and _is_unauthorised(reply):
                self._tokens.refused(token)
                renewed = True
                continue
            pause = _pause(reply, tries)
            if pause is None or tries >= self._mapping.source.retries or not self._budget.retry():
                return _settled(reply, where)
            tries += 1
            await self._sleep(pause)

    async def reach(self) -> None:
        """Find out that the service is there and lets us in.

        That is: a token can be had, and the path `health` answers 2xx; without that path, that it
        takes a connection.

        Raises:
            SourceUnavailableError: As `ask`.
        """
        where = self._mapping.where
        if self._tokens:
            await self._tokens.token()
        if self._mapping.source.health is None:
            await self._connect(where)
            return
        reply = await self.ask(Call("GET", self._mapping.source.health), where)
        if reply.status not in _SUCCESS:
            raise failed(f"HTTP {reply.status}", where)

    async def close(self) -> None:
        """Close the connections; safe to call twice."""
        await self._http.aclose()

    async def _attempt(
        self, call: Call, token: str | None, where: str
    ) -> Reply | SourceUnavailableError:
        """Send once; a connection that broke is returned, since it may be tried again."""
        headers = dict(self._headers)
        if call.body is not None:
            headers["Content-Type"] = "application/json; charset=utf-8"
        if token is not None:
            headers["Authorization"] = f"Bearer {token}"
        url = below(self._mapping.source.url, call.path)
        async with self._places:
            await self._pace.turn()
            try:
                return await self._send(call.method, url, call.query, call.body, headers, where)
            except (httpx.NetworkError, httpx.RemoteProtocolError) as error:
                if is_tls(error):
                    raise unreachable(error, where) from None
                return unreachable(error, where)

    async def _fetch_token(self, url: str, body: bytes, headers: dict[str, str]) -> Reply:
        where = "source.oauth2"
        try:
            return await self._send("POST", url, {}, body, {**_HEADERS, **headers}, where)
        except (httpx.NetworkError, httpx.RemoteProtocolError) as error:
            raise unreachable(error, where) from None
        except BatchFaultError:
            raise unauthorised("token", where) from None

    async def _send(
        self,
        method: str,
        url: str,
        query: Mapping[str, str],
        body: bytes | None,
        headers: Mapping[str, str],
        where: str,
    ) -> Reply:
        try:
            # As a whole: a service that sends a byte now and then is bounded by it too.
            async with (
                asyncio.timeout(self._mapping.source.timeout_seconds),
                self._http.stream(
                    method, url, params=query or None, content=body, headers=headers
                ) as answer,
            ):
                return Reply(
                    answer.status_code,
                    await self._bounded(answer, where),
                    answer.charset_encoding,
                    retry_after(answer.headers),
                )
        except (httpx.NetworkError, httpx.RemoteProtocolError, BatchFaultError):
            raise
        except Exception as error:  # noqa: BLE001 - whatever the library raises, without its text
            raise unreachable(error, where) from None

    async def _bounded(self, answer: httpx.Response, where: str) -> bytes:
        content = bytearray()
        async for part in answer.aiter_raw():
            content += part
            if len(content) > self._mapping.source.max_answer_bytes:
                raise BatchFaultError(
                    "RECORDS_TOO_MANY",
                    "数据源的应答过大",
                    "the source's answer is too large",
                    where=where,
                )
        return bytes(content)

    async def _connect(self, where: str) -> None:
        url = httpx.URL(self._mapping.source.url)
        clear = is_clear(self._mapping.source.url)
        port = url.port or (80 if clear else 443)
        try:
            async with asyncio.timeout(self._mapping.source.timeout_seconds):
                _, writer = await asyncio.open_connection(
                    url.host, port, ssl=None if clear else self._context
                )
                writer.close()
                await writer.wait_closed()
        except OSError as error:
            raise unreachable(error, where) from None


def _secret_headers(mapping: RestMapping) -> dict[str, str]:
    found: dict[str, str] = {}
    for name, file in mapping.source.header_files.items():
        value = read_source_secret(mapping.folder / file)
        if not is_header_value(value):
            raise ConfigError(
                "SOURCE_HEADER",
                "文件内容不能作请求头的值",
                "what the file holds cannot be a header's value",
                remedy_zh="须为一行可见 ASCII 字符",
                remedy_en="One line of visible ASCII is needed",
                where=f"{mapping.where}: source.header_files.{name}",
            )
        found[name] = value
    return found


def _pause(reply: Reply | SourceUnavailableError, tries: int) -> float | None:
    """Return how long to wait before another try; None where there is to be none."""
    usual: float = FIRST_PAUSE_SECONDS * 2**tries
    if isinstance(reply, SourceUnavailableError):
        return usual
    if reply.status not in _RETRIED:
        return None
    pause = usual if reply.retry_after is None else reply.retry_after
    return pause if pause <= LONGEST_PAUSE_SECONDS else None


def _is_unauthorised(reply: Reply | SourceUnavailableError) -> bool:
    return isinstance(reply, Reply) and reply.status == _UNAUTHORISED


def _settled(reply: Reply | SourceUnavailableError, where: str) -> Reply:
    if isinstance(reply, SourceUnavailableError):
        raise reply
    if reply.status in {_UNAUTHORISED, _FORBIDDEN}:
        raise unauthorised(f"HTTP {reply.status}", where)
    if reply.again:
        raise failed(f"HTTP {reply.status}", where)
    return reply
