"""Tokens by client credentials: fetched once, renewed in time, and once after a refusal."""

from __future__ import annotations

import json
from base64 import b64decode
from urllib.parse import parse_qs

import pytest
from rest_site import Hold, raw, reply

from adapters.contract import SourceUnavailableError
from adapters.mapping.faults import MappingError
from bus.errors import ConfigError

GOOD = {"code": 0, "total": 0, "data": []}


class Authority:
    """Gives tokens at `/token`, and lets in at `/api` whoever shows the last one."""

    def __init__(self, service) -> None:
        self.service = service
        self.given = 0
        self.life: object = 3600
        self.forgets = False
        self.answer = None
        service.answer = self

    def __call__(self, asked):
        if asked.path == "/token":
            self.given += 1
            token = {"access_token": f"token-{self.given}", "token_type": "bearer"}
            life = {} if self.life is None else {"expires_in": self.life}
            return self.answer or reply(token | life)
        shown = asked.headers.get("authorization")
        if self.forgets or shown != f"Bearer token-{self.given}":
            return reply({}, 401)
        return reply(GOOD)

    def asked(self, path):
        return [one for one in self.service.asked if one.path == path]


@pytest.fixture
def authority(rest_service):
    return Authority(rest_service)


@pytest.fixture
def with_tokens(rest, rest_service, tmp_path):
    (tmp_path / "client.secret").write_text("s:e s%ame\n")
    (tmp_path / "client.secret").chmod(0o600)

    def make(source=None, oauth2=None, **changes):
        section = {
            "token_url": f"{rest_service.url}/token",
            "client_id": "hedui",
            "client_secret_file": "client.secret",
            **(oauth2 or {}),
        }
        return rest({"oauth2": section, **(source or {})}, **changes)

    return make


async def test_a_token_is_fetched_once_for_all(with_tokens, authority, person, ask, now):
    asking = with_tokens(batch=1)
    await asking.lookup(ask(*(person(serial) for serial in range(12))), now)
    await asking.lookup(ask(person(1)), now)
    assert authority.given == 1
    [asked] = authority.asked("/token")
    assert parse_qs(asked.body.decode()) == {"grant_type": ["client_credentials"]}
    shown = b64decode(asked.headers["authorization"].removeprefix("Basic "))
    # Each is form-encoded by itself, so that a colon in one is no seam (RFC 6749, 2.3.1).
    assert shown == b"hedui:s%3Ae%20s%25ame"


async def test_a_client_may_be_named_in_the_form(with_tokens, authority, person, ask, now):
    await with_tokens(oauth2={"client_auth": "post", "scope": "gjj"}).lookup(ask(person(1)), now)
    [asked] = authority.asked("/token")
    assert "authorization" not in asked.headers
    assert parse_qs(asked.body.decode()) == {
        "grant_type": ["client_credentials"],
        "client_id": ["hedui"],
        "client_secret": ["s:e s%ame"],
        "scope": ["gjj"],
    }


@pytest.mark.parametrize(
    ("life", "kept"), [(3600, 3569), (100, 89), ("3600", 3569), (None, 269), (60.5, 54)]
)
async def test_a_token_is_renewed_shortly_before_it_expires(
    with_tokens, authority, person, ask, now, waits, life, kept
):
    authority.life = life
    asking = with_tokens()
    await asking.lookup(ask(person(1)), now)
    waits.now += kept
    await asking.lookup(ask(person(1)), now)
    assert authority.given == 1
    waits.now += 2
    await asking.lookup(ask(person(1)), now)
    assert authority.given == 2


async def test_a_token_that_is_refused_is_renewed_once_for_all(
    with_tokens, authority, person, ask, now
):
    asking = with_tokens(batch=1)
    await asking.lookup(ask(person(1)), now)
    authority.given += 1  # the service knows another one now
    await asking.lookup(ask(*(person(serial) for serial in range(4))), now)
    assert len(authority.asked("/token")) == 2


async def test_a_service_that_refuses_every_token_is_not_asked_for_ever(
    with_tokens, authority, person, ask, now
):
    authority.forgets = True
    with pytest.raises(SourceUnavailableError, match="SOURCE_UNAUTHORISED"):
        await with_tokens().lookup(ask(person(1)), now)
    assert len(authority.asked("/token")) == 2
    assert len(authority.asked("/api/withdrawals/query")) == 2


@pytest.mark.parametrize(
    ("answer", "code"),
    [
        (reply({"error": "invalid_client", "hint": "sesame"}, 401), "SOURCE_UNAUTHORISED"),
        (reply({"error": "invalid_scope"}, 400), "SOURCE_UNAUTHORISED"),
        (reply({}, 302, location="/login"), "SOURCE_UNAUTHORISED"),
        (reply({}, 503), "SOURCE_FAILED"),
        (raw(b"<html>sesame</html>", kind="text/html"), "SOURCE_UNAUTHORISED"),
        (reply(["sesame"]), "SOURCE_UNAUTHORISED"),
        (reply({"token_type": "bearer"}), "SOURCE_UNAUTHORISED"),
        (reply({"access_token": ""}), "SOURCE_UNAUTHORISED"),
        (reply({"access_token": "a\r\nX-Evil: 1"}), "SOURCE_UNAUTHORISED"),
        (reply({"access_token": "sesame", "token_type": "mac"}), "SOURCE_UNAUTHORISED"),
        (reply({"access_token": "sesame", "expires_in": -1}), "SOURCE_UNAUTHORISED"),
        (reply({"access_token": "sesame", "expires_in": "soon"}), "SOURCE_UNAUTHORISED"),
        (reply({"access_token": "s", "x": "long" * 500_000}), "SOURCE_UNAUTHORISED"),
    ],
)
async def test_no_token_no_question(with_tokens, authority, person, ask, now, answer, code):
    authority.answer = answer
    asking = with_tokens({"max_answer_bytes": 100_000})
    with pytest.raises(SourceUnavailableError, match=code) as caught:
        await asking.lookup(ask(person(1)), now)
    assert "sesame" not in str(caught.value)
    assert authority.asked("/api/withdrawals/query") == []
    with pytest.raises(SourceUnavailableError, match=code):
        await asking.check()


async def test_an_authority_that_is_slow_is_a_source_that_is_slow(
    with_tokens, rest_service, person, ask, now
):
    hold = Hold()
    rest_service.answer = lambda _: hold(reply({}))
    with pytest.raises(SourceUnavailableError, match="SOURCE_TIMEOUT"):
        await with_tokens({"timeout_seconds": 0.2}).lookup(ask(person(1)), now)
    hold.release()


async def test_a_secret_header_goes_with_each_request_and_into_no_text(
    rest, rest_service, person, ask, now, tmp_path
):
    (tmp_path / "key").write_text("Bearer sesame\n")
    (tmp_path / "key").chmod(0o600)
    rest_service.answer = lambda _: reply(GOOD)
    source = {"headers": {"X-Centre": "320000"}, "header_files": {"Authorization": "key"}}
    connector = rest(source)
    await connector.lookup(ask(person(1)), now)
    assert rest_service.asked[0].headers["authorization"] == "Bearer sesame"
    assert rest_service.asked[0].headers["x-centre"] == "320000"
    assert "sesame" not in repr(connector.mapping) + json.dumps(source)


@pytest.mark.parametrize(
    ("content", "mode", "code"),
    [
        ("sesame", 0o644, "PASSWORD_FILE_READABLE"),
        ("\n", 0o600, "PASSWORD_FILE_EMPTY"),
        (None, 0, "PASSWORD_FILE_MISSING"),
        ("口令", 0o600, "SOURCE_HEADER"),
        ("ses\r\name", 0o600, "SOURCE_HEADER"),
    ],
)
def test_a_secret_file_must_be_there_and_private(rest, tmp_path, content, mode, code):
    if content is not None:
        (tmp_path / "key").write_text(content)
        (tmp_path / "key").chmod(mode)
    with pytest.raises(ConfigError, match=code) as caught:
        rest({"header_files": {"X-Api-Key": "key"}})
    assert "sesame" not in str(caught.value)


def test_the_request_decides_its_own_headers(rest, tmp_path):
    (tmp_path / "key").write_text("sesame")
    (tmp_path / "key").chmod(0o600)
    with pytest.raises(MappingError, match="MAPPING_INVALID"):
        rest({"header_files": {"Host": "key"}})
