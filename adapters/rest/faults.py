"""How what goes wrong with a service is told: whom it stops, and whether to ask again.

| the service | is told as |
|---|---|
| cannot be reached, fails, is too slow, does not let us in | `SourceUnavailableError`: ask again |
| gives an answer that cannot be used | `PersonFaultError`: nobody of that request is answered |
| gives none because of how many were asked about | `BatchFaultError`: fewer at once may do |

Texts hold the kind of a fault and HTTP's status, never a URL, a body or what a library says.
"""

from __future__ import annotations

import ssl

import httpx

from adapters.contract import PersonFaultError, SourceUnavailableError


class BatchFaultError(PersonFaultError):
    """The answer cannot be used, and could be if fewer persons were asked about at once."""


def unreachable(error: Exception, where: str) -> SourceUnavailableError:
    """Return the error of a request that got no answer.

    `SOURCE_TIMEOUT`, `SOURCE_TLS` where one side does not accept the other's certificate or
    version, else `SOURCE_FAILED`.
    """
    if isinstance(error, TimeoutError | httpx.TimeoutException):
        return SourceUnavailableError(
            "SOURCE_TIMEOUT",
            "数据源超时",
            "the source took too long",
            remedy_zh="请查看服务负载，或减小 batch、加大 timeout_seconds",
            remedy_en="Look at the service's load; lower batch or raise timeout_seconds",
            where=where,
        )
    if is_tls(error):
        return SourceUnavailableError(
            "SOURCE_TLS",
            "与数据源的 TLS 连接未建立：一方不接受对方的证书或版本",
            "no TLS with the source: one side does not accept the other's certificate or version",
            remedy_zh="请核对 ca_file、client_certificate 和网址中的主机名",
            remedy_en="Check ca_file, client_certificate and the host in the URL",
            where=where,
        )
    return failed(type(error).__name__, where)


def failed(what: str, where: str) -> SourceUnavailableError:
    """Return `SOURCE_FAILED`, with the kind of the fault."""
    return SourceUnavailableError(
        "SOURCE_FAILED",
        f"数据源出错（{what}）",
        f"the source failed ({what})",
        remedy_zh="请查看服务的日志",
        remedy_en="Look at the service's own log",
        where=where,
    )


def unauthorised(what: str, where: str) -> SourceUnavailableError:
    """Return `SOURCE_UNAUTHORISED`, with the kind of the fault."""
    return SourceUnavailableError(
        "SOURCE_UNAUTHORISED",
        f"数据源不接受前置的身份（{what}）",
        f"the source does not let the adapter in ({what})",
        remedy_zh="请核对 [source.oauth2]、header_files 或客户端证书，以及在服务方的授权",
        remedy_en="Check [source.oauth2], header_files or the client certificate, and the rights "
        "the service gave",
        where=where,
    )


def refused(status: int, where: str) -> PersonFaultError:
    """Return `SOURCE_REFUSED` for an HTTP status of 400 to 499."""
    return PersonFaultError(
        "SOURCE_REFUSED",
        f"数据源拒绝了请求（HTTP {status}）",
        f"the source refused the request (HTTP {status})",
        where=where,
    )


def invalid(where: str) -> PersonFaultError:
    """Return `SOURCE_ANSWER_INVALID`; `where` may name the place in the answer."""
    return PersonFaultError(
        "SOURCE_ANSWER_INVALID",
        "数据源的应答无法使用",
        "the source's answer cannot be used",
        where=where,
    )


def is_tls(error: BaseException | None) -> bool:
    """Whether TLS is what an error is about: libraries wrap it several times."""
    seen: set[int] = set()
    while error is not None and id(error) not in seen:
        if isinstance(error, ssl.SSLError):
            return True
        seen.add(id(error))
        error = error.__cause__ or error.__context__
    return False
