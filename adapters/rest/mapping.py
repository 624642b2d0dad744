"""The mapping of a service: where it is, what is sent, and how its answer is read.

What every mapping has stands in `adapters.mapping.resource`; these keys are added:

    [source]
    kind = "rest"
    url = "https://api.example/gjj/"
    ca_file = "agency-ca.pem"            # default: the system's authorities
    client_certificate = "adapter.pem"   # mTLS; with client_key, 0600
    client_key = "adapter.key"
    [source.header_files]                # headers whose values are secret
    X-Api-Key = "api.key"
    [source.oauth2]                      # or a token by client credentials
    token_url = "https://sso.example/token"
    client_id = "hedui"
    client_secret_file = "client.secret"

    [[resource]]
    path = "withdrawals/query"
    batch = 100                          # persons in one request
    records = "$.data"                   # the list of records
    count = "$.total"                    # what it must count
    ok = { path = "$.code", equals = 0 } # anything else is a failure
    id_number = "zjhm"                   # columns: members or JSONPaths of one record
    person = { zjhm = "{id_number}" }
    [resource.body]
    persons = "{persons}"
"""

from __future__ import annotations

from datetime import date
from pathlib import Path
from typing import Annotated, Any, Literal, Self

from pydantic import AfterValidator, Field, model_validator

from adapters.mapping.document import SourceMapping, SourceSection
from adapters.mapping.faults import wrong
from adapters.mapping.resource import ResourceMapping, Section
from adapters.rest.address import (
    checked_header_names,
    checked_headers,
    checked_path,
    is_clear,
    is_loopback,
    service_url,
)
from adapters.rest.paths import column_path, list_path, place_path
from adapters.rest.template import (
    NOT_IN_URL,
    PAGE,
    PERSONAL,
    PERSONS,
    checked_template,
    placeholders,
)

OF_REQUEST = "{id_number}"
"""A column that stands for the number asked about: records of a service that do not repeat it."""

_SAMPLE_DAY = date(2026, 11, 28)


def _column(text: str) -> str:
    if text != OF_REQUEST:
        column_path(text)
    return text


def _place(text: str) -> str:
    place_path(text)
    return text


def _list(text: str) -> str:
    list_path(text)
    return text


def _codes(value: object) -> tuple[int | str | bool, ...]:
    codes = value if isinstance(value, list) else [value]
    if not codes or not all(isinstance(one, int | str | bool) for one in codes):
        raise wrong(
            "须为整数、文本、true 或 false，或其列表", "a number, a text, or a list of such"
        )
    return tuple(codes)


def _person(value: object) -> object:
    if not isinstance(value, dict) and value != OF_REQUEST:
        raise wrong('须为表，或 "{id_number}"', 'a table or "{id_number}" is needed')
    return checked_template(value)


def _date_format(text: str) -> str:
    # The day read out of the format again must be the day: no format loses a part of it.
    shown = _SAMPLE_DAY.strftime(text)
    if not all(part in shown for part in ("2026", "11", "28")):
        raise wrong("须含 %Y、%m 和 %d", "it must hold %Y, %m and %d")
    return text


Column = Annotated[str, AfterValidator(_column)]
Place = Annotated[str, AfterValidator(_place)]
Url = Annotated[str, AfterValidator(service_url)]
Template = Annotated[dict[str, Any], AfterValidator(checked_template)]
Codes = Annotated[Any, AfterValidator(_codes)]


class OAuth2Section(Section):
    """`[source.oauth2]`: a token by client credentials (RFC 6749, 4.4)."""

    token_url: Url
    client_id: str = Field(min_length=1)
    client_secret_file: Path
    scope: str | None = None
    client_auth: Literal["basic", "post"] = "basic"


class RestSource(SourceSection):
    """`[source]`: where the service is, who we are to it, and how gently to use it."""

    url: Url
    insecure_http: bool = False
    ca_file: Path | None = None
    client_certificate: Path | None = None
    client_key: Path | None = None
    client_key_passphrase_file: Path | None = None
    headers: Annotated[dict[str, str], AfterValidator(checked_headers)] = Field(
        default_factory=dict
    )
    header_files: Annotated[dict[str, Path], AfterValidator(checked_header_names)] = Field(
        default_factory=dict
    )
    oauth2: OAuth2Section | None = None
    health: Annotated[str, AfterValidator(checked_path)] | None = None
    timeout_seconds: float = Field(default=20.0, gt=0, le=600)
    requests_at_once: int = Field(default=4, ge=1, le=64)
    requests_per_second: float = Field(default=20.0, gt=0, le=1000)
    retries: int = Field(default=2, ge=0, le=5)
    retry_budget: float = Field(default=0.2, ge=0, le=1)
    max_answer_bytes: int = Field(default=16_777_216, ge=1024, le=268_435_456)

    @property
    def urls(self) -> tuple[str, ...]:
        """Every URL that is spoken to."""
        return (self.url, self.oauth2.token_url) if self.oauth2 else (self.url,)

    @model_validator(mode="after")
    def _agrees_with_itself(self) -> Self:
        exposed = any(is_clear(url) and not is_loopback(url) for url in self.urls)
        if exposed and not self.insecure_http:
            raise wrong(
                "须为 https；明文 http 只用于测试，须写明 insecure_http = true",
                "https is needed; http in clear is for tests only and needs insecure_http = true",
            )
        if (self.client_certificate is None) != (self.client_key is None):
            raise wrong(
                "client_certificate 与 client_key 须同时给出",
                "give client_certificate and client_key, or neither",
            )
        if self.client_key_passphrase_file and not self.client_key:
            raise wrong(
                "有 client_key_passphrase_file 时须有 client_key",
                "client_key_passphrase_file needs client_key",
            )
        names = [name.lower() for name in (*self.headers, *self.header_files)]
        if len(set(names)) != len(names):
            raise wrong("同一请求头给出了两次", "a header is given twice")
        if self.oauth2 and "authorization" in names:
            raise wrong(
                "oauth2 与 Authorization 请求头只能有一个", "give oauth2 or Authorization, not both"
            )
        return self


class OkSection(Section):
    """`ok`: the service's own code in an answer, and what it says."""

    path: Place
    equals: Codes
    not_found: Codes = ()
    again: Codes = ()


class PagingSection(Section):
    """`paging`: the number of the first page, and how many are asked for at most."""

    first: int = Field(default=1, ge=0, le=1)
    most: int = Field(default=50, ge=2, le=1000)


class RestResource(ResourceMapping):
    """`[[resource]]`: one path of the service as one resource of the catalogue."""

    method: Literal["GET", "POST"] = "POST"
    path: Annotated[str, AfterValidator(checked_path)]
    batch: int = Field(default=1, ge=1, le=1000)
    body: Template | None = None
    person: Annotated[Any, AfterValidator(_person)] = OF_REQUEST
    query: Annotated[dict[str, str], AfterValidator(checked_template)] = Field(default_factory=dict)
    personal_data_in_url: bool = False
    date_format: Annotated[str, AfterValidator(_date_format)] = "%Y-%m-%d"
    records: Annotated[str, AfterValidator(_list)]
    count: Place | None = None
    ok: OkSection | None = None
    paging: PagingSection | None = None
    not_found_status: tuple[Annotated[int, Field(ge=400, le=499)], ...] = ()
    absent_is_null: bool = False
    returns_others: bool = False

    id_number: Column
    id_type: Column | None = None
    person_name: Column | None = None
    time_column: Column | None = None
    as_of_column: Place | None = None
    columns: dict[str, Column] = Field(min_length=1)

    @property
    def asked_of_one(self) -> frozenset[str]:
        """The placeholders of one person that a request uses."""
        return (placeholders(self.person) | self._placed) & PERSONAL

    @property
    def _placed(self) -> frozenset[str]:
        return placeholders(self.body or {}) | placeholders(self.query)

    @model_validator(mode="after")
    def _request_is_whole(self) -> Self:
        if (self.method == "GET") != (self.body is None):
            raise wrong("POST 须有 body，GET 不得有", "POST needs a body, GET has none")
        if PERSONS in placeholders(self.query) or placeholders(self.person) - PERSONAL:
            raise wrong(
                "{persons} 只能在 body 中；person 中只能有 {id_number}、{id_type}、{name}",
                "{persons} stands in the body only; person holds {id_number}, {id_type}, {name}",
            )
        if PERSONS in self._placed:
            whole = not self._placed & PERSONAL and "id_number" in placeholders(self.person)
        else:
            whole = self.batch == 1 and "id_number" in self._placed
        if not whole:
            raise wrong(
                "请求须说明查询何人：batch 大于 1 时 body 中须有 {persons}，且其外不得有 "
                "{id_number}、{id_type}、{name}；否则 body 或 query 中须有 {id_number}",
                "the request must say who is asked about: with batch above 1 {persons} in the "
                "body, and none of {id_number}, {id_type}, {name} beside it; else {id_number} in "
                "body or query",
            )
        if placeholders(self.query) & NOT_IN_URL and not self.personal_data_in_url:
            raise wrong(
                "网址中的个人信息会进入服务器日志，请用 POST；确需如此，写明 "
                "personal_data_in_url = true",
                "personal data in a URL ends in servers' logs; use POST, or state "
                "personal_data_in_url = true",
            )
        return self

    @model_validator(mode="after")
    def _answer_is_whole(self) -> Self:
        if (PAGE in self._placed) != (self.paging is not None):
            raise wrong(
                "分页须同时有 paging 和占位符 {page}",
                "paging and the placeholder {page} go together",
            )
        if self.paging and not self.count:
            raise wrong(
                "分页须有 count，否则无从知道是否取全",
                "paging needs count: nothing else says that all pages are there",
            )
        of_one = self.not_found_status or (self.ok and self.ok.not_found)
        if of_one and self.batch > 1:
            raise wrong(
                "一次查询多人时不能用 not_found_status 和 ok.not_found",
                "not_found_status and ok.not_found are for batch = 1",
            )
        others = (self.id_type, self.person_name, self.time_column)
        named = (self.columns.get(item) for item in self.columns if item != "id_number")
        if OF_REQUEST in (*others, *named):
            raise wrong("{id_number} 只能用于 id_number", "{id_number} stands for id_number only")
        if OF_REQUEST in (self.id_number, self.columns.get("id_number")) and self.batch > 1:
            raise wrong(
                "一次查询多人时记录须含证件号码",
                "with batch above 1 each record must hold its ID number",
            )
        return self


class RestMapping(SourceMapping[RestSource, RestResource]):
    """The whole mapping of a service."""
