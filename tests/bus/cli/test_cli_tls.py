"""Commands from afar: real TLS on the loopback, with certificates of our own authority."""

from __future__ import annotations

import json
import socket
import ssl
from datetime import UTC, datetime, timedelta

import httpx
import pytest
from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    Encoding,
    PrivateFormat,
)

from bus.errors import ConfigError
from bus.http.tls import ServerFiles, server_context
from signer.ca.issue import issue_participant, make_issuing, make_root
from signer.errors import KeyFileError

STAFF = ("--operator", "值班员")
PASSPHRASE = b"of a test"


@pytest.fixture
def authority():
    return make_root(datetime.now(UTC))


@pytest.fixture
def files(tmp_path, authority):
    """A participant's TLS certificate and key, as its key directory holds them."""
    now = datetime.now(UTC)
    issuing = make_issuing(authority, now)
    leaf = issue_participant(issuing, "370000", 1, now, ("127.0.0.1",)).tls
    chain, key, root = tmp_path / "tls.pem", tmp_path / "tls.key", tmp_path / "root.pem"
    pem = [one.certificate.public_bytes(Encoding.PEM) for one in (leaf, issuing)]
    chain.write_bytes(b"".join(pem))
    key.touch(0o600)
    key.write_bytes(
        leaf.private_key.private_bytes(
            Encoding.PEM, PrivateFormat.PKCS8, BestAvailableEncryption(PASSPHRASE)
        )
    )
    root.write_bytes(authority.certificate.public_bytes(Encoding.PEM))
    return ServerFiles(chain, key, PASSPHRASE)


@pytest.fixture
def served(live_with, files):
    return live_with(server_context(files))


@pytest.fixture
def afar(hedui, served, tmp_path):
    """Runs a command over TLS with somebody's token; the operators are made on the socket."""
    local = ("--socket", served.node)
    admin = ("--token-file", tmp_path / "甲.token")

    def token(name, *how):
        made = hedui(
            *how, "operator", "token", "new", name, "--out", tmp_path / f"{name}.token", *local,
            *(() if how else STAFF),
        )  # fmt: skip
        assert made.code == 0, made.err

    hedui("operator", "add", "甲", "--role", "administrator", *local, *STAFF)
    token("甲")
    for name, role in (("乙", "submitter"), ("丙", "auditor")):
        hedui(*admin, "operator", "add", name, "--role", role, *local)
        token(name, *admin)

    def run(*arguments, by="乙", url=served.url, ca=tmp_path / "root.pem"):
        trusted = () if ca is None else ("--ca", ca)
        shown = () if by is None else ("--token-file", tmp_path / f"{by}.token")
        return hedui("--url", url, *trusted, *shown, *arguments)

    return run


def refused(ended, code):
    return ended.code == 2 and code in ended.err


@pytest.mark.requirement("R076")
def test_a_query_goes_from_afar_to_its_result(afar, served, workbook, tmp_path):
    submitted = afar("query", "submit", workbook(1), "--json")
    query = json.loads(submitted.out)["query"]
    served.settle()
    got = afar("query", "result", query, "--purpose", "低保", "--out", tmp_path / "r.xlsx")

    assert json.loads(submitted.out)["operator"] == "乙"
    assert got.code == 0, got.err
    assert (tmp_path / "r.xlsx").exists()
    for name in ("甲", "乙", "丙"):
        secret = (tmp_path / f"{name}.token").read_text().strip().split("_", 2)[2]
        assert secret not in served.log.getvalue()


@pytest.mark.requirement("R076")
def test_who_may_not_is_told_why(afar, served, hedui, tmp_path, workbook):
    admin = ("--token-file", tmp_path / "甲.token")

    nobody = afar("query", "list", by=None)
    role = afar("query", "submit", workbook(1), by="丙")
    hedui(*admin, "operator", "disable", "乙", "--socket", served.node)
    disabled = afar("query", "list")
    served.country.clock.move(timedelta(days=90))
    expired = afar("query", "list", by="丙")

    assert refused(nobody, "TOKEN_MISSING")
    assert refused(role, "ROLE_MISSING")
    assert refused(disabled, "OPERATOR_DISABLED")
    assert refused(expired, "TOKEN_EXPIRED")


@pytest.mark.requirement("R076")
def test_nobody_talks_to_a_server_that_is_not_the_one_meant(afar, served, tmp_path):
    other = tmp_path / "other.pem"
    now = datetime.now(UTC)
    other.write_bytes(make_root(now).certificate.public_bytes(Encoding.PEM))
    host = served.url.replace("127.0.0.1", "localhost")

    assert refused(afar("query", "list", ca=other), "SERVER_NOT_TRUSTED")
    assert refused(afar("query", "list", ca=None), "SERVER_NOT_TRUSTED")
    assert refused(afar("query", "list", url=host), "SERVER_NOT_TRUSTED")
    assert refused(afar("query", "list", ca=tmp_path / "none.pem"), "CA_UNUSABLE")


@pytest.mark.requirement("R076")
def test_nothing_is_said_in_clear(afar, served):
    plain = served.url.replace("https", "http")

    with httpx.Client(trust_env=False) as http, pytest.raises(httpx.TransportError):
        http.get(f"{plain}/api/v1/standing")
    assert refused(afar("query", "list", url=plain), "URL_NOT_TLS")


@pytest.mark.requirement("R076")
def test_a_port_that_speaks_no_tls_or_is_closed_is_told(afar):
    with socket.create_server(("127.0.0.1", 0)) as closed:
        port = closed.getsockname()[1]
    assert refused(afar("query", "list", url=f"https://127.0.0.1:{port}"), "DAEMON_UNREACHABLE")


@pytest.mark.requirement("R076")
def test_old_versions_of_tls_are_not_spoken(served, tmp_path):
    context = ssl.create_default_context(cafile=tmp_path / "root.pem")
    context.set_ciphers("ALL:@SECLEVEL=0")
    host, port = served.url.removeprefix("https://").split(":")

    def version(least, most):
        context.minimum_version, context.maximum_version = least, most
        with (
            socket.create_connection((host, int(port))) as plain,
            context.wrap_socket(plain, server_hostname=host) as made,
        ):
            return made.version()

    tls = ssl.TLSVersion
    assert version(tls.TLSv1_2, tls.MAXIMUM_SUPPORTED) == "TLSv1.3"
    assert version(tls.TLSv1_2, tls.TLSv1_2) == "TLSv1.2"
    with (
        pytest.warns(DeprecationWarning, match="TLSVersion"),
        pytest.raises((ssl.SSLError, ConnectionError)),
    ):
        version(tls.TLSv1, tls.TLSv1_1)


def test_a_socket_that_is_named_goes_before_the_url(hedui, served):
    ended = hedui("--url", "https://127.0.0.1:1", "query", "list", "--socket", served.node)

    assert ended.code == 0


def test_a_certificate_that_cannot_be_shown_ends_the_start(files, tmp_path):
    with pytest.raises(ConfigError) as wrong:
        server_context(ServerFiles(files.certificate, files.key, b"another"))
    files.key.chmod(0o640)
    with pytest.raises(KeyFileError) as readable:
        server_context(files)

    assert wrong.value.code == "API_CERTIFICATE"
    assert readable.value.code == "KEY_FILE_READABLE"
