"""Where a service is: its URL, the paths below it, and the headers that may be fixed.

None of the faults repeats the text: a URL may hold a secret.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from ipaddress import ip_address
from typing import TypeVar

import httpx
from pydantic_core import PydanticCustomError

from adapters.mapping.faults import wrong

ValueT = TypeVar("ValueT")

_PATH = re.compile(r"[A-Za-z0-9\-._~!$&'()*+,;=:@%/]*")
_HEADER = re.compile(r"[A-Za-z0-9\-_]+")
_VALUE = re.compile(r"[\x20-\x7e]*")

_OURS = frozenset(
    {
        "host",
        "content-length",
        "content-type",
        "transfer-encoding",
        "connection",
        "accept-encoding",
        "te",
        "upgrade",
    }
)
"""Headers that the request itself decides."""

_SECRET = frozenset({"authorization", "proxy-authorization", "cookie"})
"""Headers that are secrets whoever sends them."""


def service_url(text: str) -> str:
    """Return an http or https URL with a slash at its end.

    Raises:
        PydanticCustomError: It is none, or has a user, a query or a fragment.
    """
    try:
        url = httpx.URL(text)
    except (httpx.InvalidURL, ValueError):
        url = httpx.URL()
    plain = not url.userinfo and not url.query and not url.fragment
    if url.scheme not in {"https", "http"} or not url.host or not plain:
        raise wrong(
            "须为 https 网址，不含用户、口令、查询参数",
            "an https URL is needed, without user, password and query",
        )
    return text


def checked_path(text: str) -> str:
    """Return a path below the service's URL.

    Raises:
        PydanticCustomError: It leads elsewhere, or holds a query.
    """
    if not _PATH.fullmatch(text) or text.startswith("/") or {"..", "."} & set(text.split("/")):
        raise wrong(
            "须为网址之下的相对路径，不以 / 开头，不含 .. 和 ?",
            "a path below the URL is needed, without a slash before it, .. and ?",
        )
    return text


def checked_headers(headers: Mapping[str, str]) -> Mapping[str, str]:
    """Return headers that may be fixed in the adapter's file.

    Raises:
        PydanticCustomError: One is a secret, the request's own, or no header.
    """
    for name, value in checked_header_names(headers).items():
        if not is_header_value(value):
            raise _no_header()
        if name.lower() in _SECRET:
            raise wrong(
                "此请求头是秘密，请改用 [source.header_files] 或 oauth2",
                "this header is a secret: use [source.header_files] or oauth2",
            )
    return headers


def checked_header_names(headers: Mapping[str, ValueT]) -> Mapping[str, ValueT]:
    """Return headers whose names may be given, secret or not.

    Raises:
        PydanticCustomError: One is the request's own, or no header's name.
    """
    if any(not _HEADER.fullmatch(name) or name.lower() in _OURS for name in headers):
        raise _no_header()
    return headers


def is_header_value(value: str) -> bool:
    """Whether a header may hold that: visible ASCII and blanks."""
    return bool(_VALUE.fullmatch(value))


def is_clear(url: str) -> bool:
    """Whether a URL is spoken in clear."""
    return httpx.URL(url).scheme != "https"


def is_loopback(url: str) -> bool:
    """Whether a URL is of this very machine."""
    host = httpx.URL(url).host
    if host == "localhost":
        return True
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return False


def _no_header() -> PydanticCustomError:
    return wrong("不是可用的请求头", "not a header that can be sent")


def below(url: str, path: str) -> str:
    """Return the URL of a path below a service's URL."""
    return f"{url.rstrip('/')}/{path}" if path else url
