"""The client of the operator's API: Unix socket or TLS, coded errors, no silent retries."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from types import TracebackType
from typing import Any, Self, TypeVar
from urllib.parse import quote
from uuid import UUID

import httpx
from pydantic import TypeAdapter, ValidationError

from bus.api.errors import ErrorBody
from bus.api.operator import NAME_LIMIT, plain_name
from bus.cli.door import CONNECT_SECONDS, Door, SocketDoor, door_of, remotely, token_of, unreachable
from bus.errors import DefectError, HeduiError, InputError, UnavailableError

PREFIX_DIGITS = 8

_TIMEOUT = httpx.Timeout(CONNECT_SECONDS, read=300.0, write=300.0)
"""A workbook of 25,000 persons takes its time; connecting to a socket does not."""

Reply = TypeVar("Reply")


class RemoteError(HeduiError):
    """What the daemon said was wrong; `body` is all of it."""

    def __init__(self, body: ErrorBody) -> None:
        super().__init__(
            body.code,
            body.zh,
            body.en,
            remedy_zh=body.remedy_zh,
            remedy_en=body.remedy_en,
            where=body.where,
        )
        self.body = body


def require_operator(operator: str) -> str:
    """Return the operator's name; it may be left to the token, where there is one.

    Raises:
        InputError: `OPERATOR_MISSING`, `OPERATOR_INVALID`.
    """
    name = operator.strip()
    if not name and remotely().token_file is not None:
        return ""
    if not name:
        raise InputError(
            "OPERATOR_MISSING",
            "没有说明操作员",
            "the operator is not named",
            remedy_zh="请加 --operator 姓名或工号，或设置环境变量 HEDUI_OPERATOR",
            remedy_en="Add --operator NAME, or set HEDUI_OPERATOR",
            where="--operator",
        )
    if not plain_name(name):
        # The daemon would say so too, but of a header that nobody typed.
        raise InputError(
            "OPERATOR_INVALID",
            f"操作员名称不合规：应为不超过 {NAME_LIMIT} 个可显示字符",
            f"not an operator's name: up to {NAME_LIMIT} printable characters",
            remedy_zh="请更正 --operator 或环境变量 HEDUI_OPERATOR",
            remedy_en="Mend --operator or HEDUI_OPERATOR",
            where="--operator",
        )
    return name


class Remote:
    """A daemon's operator API.

    Args:
        door: The way in; a path is that of its Unix socket.
        operator: Who calls; needed for calls that change something or read personal data.
        token: The operator's token, where the daemon knows its operators.
    """

    def __init__(self, door: Door | Path, operator: str = "", token: str = "") -> None:
        door = SocketDoor(door) if isinstance(door, Path) else door
        self._where = door.where
        headers = {"X-Hedui-Operator": quote(operator)} if operator else {}
        if token:
            headers["Authorization"] = f"Bearer {token}"
        self._http = httpx.Client(
            transport=door.transport(),
            base_url=door.base,
            headers=headers,
            timeout=_TIMEOUT,
            trust_env=False,
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        _kind: type[BaseException] | None,
        _error: BaseException | None,
        _trace: TracebackType | None,
    ) -> None:
        self._http.close()

    def get(self, path: str, reply: type[Reply], **query: Any) -> Reply:
        """Return what a path answers.

        Args:
            path: Below `/api/v1/`.
            reply: Its type: a model, or a tuple of models.
            query: Query parameters.

        Raises:
            RemoteError: The daemon refused, with all it said.
            UnavailableError: `DAEMON_UNREACHABLE`, `DAEMON_SLOW`.
            DefectError: `REPLY_UNREADABLE`.
        """
        return self._read(self._call("GET", path, params=query), reply)

    def send(self, method: str, path: str, reply: type[Reply], **options: Any) -> Reply:
        """Send something and return the answer; errors as for `get`."""
        return self._read(self._call(method, path, **options), reply)

    def content(self, method: str, path: str, **query: Any) -> bytes:
        """Return the bytes of an answer; errors as for `get`."""
        return self._call(method, path, params=query).content

    def exchange(self, method: str, path: str, **options: Any) -> bytes:
        """Send something and return the bytes of the answer; errors as for `get`."""
        return self._call(method, path, **options).content

    def pieces(self, path: str, **query: Any) -> Iterator[bytes]:
        """Yield the bytes of an answer as they come; errors as for `get`."""
        try:
            with self._http.stream("GET", path, params=query) as response:
                if not response.is_success:
                    response.read()
                    raise RemoteError(self._read(response, ErrorBody))
                yield from response.iter_bytes()
        except httpx.TransportError as error:
            raise unreachable(self._where) from error

    def query_id(self, given: str, known: str, reply: type[Sequence[Any]]) -> UUID:
        """Return the full id of a query given by its id or by the beginning of it.

        Args:
            given: What the operator typed.
            known: Path that lists the ids to choose among.
            reply: The type of that list; its elements have a `query`.

        Raises:
            InputError: `QUERY_ID` when it is too short, `QUERY_UNKNOWN`, `QUERY_AMBIGUOUS`.
        """
        try:
            return UUID(given)
        except ValueError:
            start = given.strip().lower().replace("-", "")
        if len(start) < PREFIX_DIGITS or not set(start) <= set("0123456789abcdef"):
            raise InputError(
                "QUERY_ID",
                f"不是查询编号，也不是其开头至少 {PREFIX_DIGITS} 位",
                f"neither a query id nor the first {PREFIX_DIGITS} or more digits of one",
                where="ID",
            )
        found = [item.query for item in self.get(known, reply) if item.query.hex.startswith(start)]
        if not found:
            raise InputError("QUERY_UNKNOWN", "没有此查询", "no such query", where=start)
        if len(found) > 1:
            raise InputError(
                "QUERY_AMBIGUOUS",
                f"有 {len(found)} 个查询以此开头",
                f"{len(found)} queries begin so",
                remedy_zh="请多写几位：" + "、".join(map(str, found[:5])),
                remedy_en="Give more digits",
                where=start,
            )
        return UUID(str(found[0]))

    def _call(self, method: str, path: str, **options: Any) -> httpx.Response:
        try:
            response = self._http.request(method, path, **options)
        except httpx.TimeoutException as error:
            raise UnavailableError(
                "DAEMON_SLOW",
                "守护进程未在时限内应答，操作可能已经完成",
                "the daemon did not answer in time; it may have done what was asked",
                remedy_zh="请先查看状态再重试",
                remedy_en="Look at the state before you try again",
                where=self._where,
            ) from error
        except httpx.TransportError as error:
            raise unreachable(self._where) from error
        if response.is_success:
            return response
        raise RemoteError(self._read(response, ErrorBody))

    def _read(self, response: httpx.Response, reply: type[Reply]) -> Reply:
        try:
            return TypeAdapter(reply).validate_json(response.content or b"null")
        except ValidationError:
            # The reply may hold personal data; pydantic's text would quote it.
            raise DefectError(
                "REPLY_UNREADABLE",
                "守护进程的应答无法识别",
                "the daemon's reply is not understood",
                remedy_zh="请检查命令与守护进程是否为同一版本",
                remedy_en="Check that command and daemon are of the same version",
                where=f"HTTP {response.status_code}",
            ) from None


def connect(socket: Path | None, config: Path | None, operator: str = "") -> Remote:
    """Return a client of the daemon that the options name, which is running.

    Raises:
        ConfigError, InputError: As `door_of` and `token_of`.
        UnavailableError: `DAEMON_UNREACHABLE`, and over TLS as `TlsDoor.check`.
    """
    door = door_of(socket, config)
    door.check()
    return Remote(door, operator, token_of())


def upload(data: bytes, content_type: str) -> dict[str, Any]:
    """Return the request options that send a body of a content type."""
    return {"content": data, "headers": {"Content-Type": content_type}}
