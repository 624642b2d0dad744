"""The real sockets: who can open them, whose they are, and that signals stay ours."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import socket
import ssl
import stat
from datetime import UTC, datetime
from types import SimpleNamespace

import httpx
import pytest
import uvloop
from country import gauges_of, service_of
from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    Encoding,
    PrivateFormat,
)

from bus.config.models import HttpSection
from bus.daemon.conformance.examiner import Examiner
from bus.errors import ConfigError, UnavailableError
from bus.http import server
from bus.http.operator import operator_app
from bus.http.public import public_app
from bus.http.server import faces, health_face, serve
from bus.http.sockets import listen_tcp, listen_unix, remove_unix, url_of
from bus.logs.setup import make_logger
from signer.ca.issue import issue_participant, make_issuing, make_root


class Served:
    """A node served on real sockets, as the daemon serves it."""

    def __init__(self, land, log, path):
        self.path = path
        self.stopping = asyncio.Event()
        self._log = make_logger("370000", log)
        service = service_of(land, "370000")
        self._public = public_app(gauges_of(land, "370000"), lambda: None, self._log)
        self._operator = operator_app(service, self._log)
        self._url = asyncio.get_running_loop().create_future()

    async def __aenter__(self):
        self._task = asyncio.create_task(
            serve(
                self._public,
                "127.0.0.1:0",
                self.stopping,
                self._log,
                operator=self._operator,
                path=self.path,
                on_url=self._url.set_result,
            )
        )
        await asyncio.wait({self._url, self._task}, return_when=asyncio.FIRST_COMPLETED)
        if self._task.done():
            await self._task
        return self

    async def __aexit__(self, *_):
        self.stopping.set()
        await self._task

    def operator(self):
        transport = httpx.AsyncHTTPTransport(uds=str(self.path))
        return httpx.AsyncClient(transport=transport, base_url="http://hedui/api/v1")

    def public(self):
        return httpx.AsyncClient(base_url=self._url.result(), trust_env=False)


@pytest.fixture
def path(tmp_path):
    return tmp_path / "node.sock"


async def test_the_operator_is_served_on_a_socket_of_mode_0600(land, log, path):
    async with Served(land, log, path) as served:
        mode = path.lstat().st_mode
        async with served.operator() as http:
            standing = await http.get("/standing")
    assert stat.S_ISSOCK(mode)
    assert stat.S_IMODE(mode) == 0o600
    assert standing.json()["participant"] == "370000"
    assert not path.exists()


async def test_a_free_port_is_taken_and_reported(land, log, path):
    async with Served(land, log, path) as served, served.public() as http:
        health = await http.get("/healthz")
        api = await http.get("/api/v1/standing")

    assert health.json() == {"alive": True}
    assert (api.status_code, api.json()["code"]) == (404, "ROUTE_UNKNOWN")
    line = json.loads(log.getvalue().splitlines()[0])
    assert line["event"] == "http.listening"
    assert line["url"] == str(http.base_url).rstrip("/")
    assert line["socket"] == str(path)


async def test_the_callers_uid_is_logged(land, log, path):
    async with Served(land, log, path) as served, served.operator() as http:
        await http.post("/quarantine/1/replay", headers={"X-Hedui-Operator": "a"})

    calls = [json.loads(x) for x in log.getvalue().splitlines() if "operator.call" in x]
    assert [call["where"] for call in calls] == [f"uid:{os.geteuid()}"]


async def test_another_user_is_cut_off_though_the_file_let_it_in(land, log, path, monkeypatch):
    monkeypatch.setattr(server, "peer_uid", lambda _connected: os.geteuid() + 4711)

    async with Served(land, log, path) as served, served.operator() as http:
        with pytest.raises(httpx.TransportError):
            await http.get("/standing")


async def test_signals_stay_ours(land, log, path):
    before = {s: signal.getsignal(s) for s in (signal.SIGINT, signal.SIGTERM)}
    async with Served(land, log, path) as served, served.public() as http:
        await http.get("/healthz")
        during = {s: signal.getsignal(s) for s in before}
    assert during == before
    assert {s: signal.getsignal(s) for s in before} == before


async def test_an_open_request_ends_before_the_server_does(land, log, path, monkeypatch):
    entered, go_on = asyncio.Event(), asyncio.Event()
    served = Served(land, log, path)

    async def slow(scope, receive, send):
        entered.set()
        await go_on.wait()
        await send({"type": "http.response.start", "status": 200, "headers": []})
        await send({"type": "http.response.body", "body": b"done"})

    served._public = slow
    async with served, served.public() as http:
        request = asyncio.create_task(http.get("/"))
        await entered.wait()
        served.stopping.set()
        go_on.set()
        assert (await request).text == "done"


def test_it_works_on_uvloop_too(tmp_path, log):
    async def call():
        path = tmp_path / "loop.sock"
        seen = []

        async def app(scope, receive, send):
            seen.append(scope["client"])
            await send({"type": "http.response.start", "status": 200, "headers": []})
            await send({"type": "http.response.body", "body": b"ok"})

        stopping, listening = asyncio.Event(), asyncio.Event()
        task = asyncio.create_task(
            serve(
                app,
                "127.0.0.1:0",
                stopping,
                make_logger("370000", log),
                operator=app,
                path=path,
                on_url=lambda _url: listening.set(),
            )
        )
        await listening.wait()
        transport = httpx.AsyncHTTPTransport(uds=str(path))
        async with httpx.AsyncClient(transport=transport) as http:
            text = (await http.get("http://hedui/")).text
        stopping.set()
        await task
        return text, seen

    assert uvloop.run(call()) == ("ok", [("uid", os.geteuid())])


def test_the_file_of_a_dead_process_is_replaced(path):
    with socket.socket(socket.AF_UNIX) as dead:
        dead.bind(str(path))
    assert path.exists()

    with listen_unix(path):
        assert stat.S_IMODE(path.lstat().st_mode) == 0o600


def test_the_socket_of_a_living_process_is_left_alone(path):
    with listen_unix(path):
        with pytest.raises(ConfigError) as raised:
            listen_unix(path)
        inode = path.lstat().st_ino
    assert raised.value.code == "SOCKET_IN_USE"
    remove_unix(path, inode + 1)
    assert path.exists()
    remove_unix(path, inode)
    remove_unix(path, inode)
    assert not path.exists()


def test_what_is_no_socket_is_left_alone(path):
    path.write_text("mine")
    with pytest.raises(ConfigError) as raised:
        listen_unix(path)
    assert raised.value.code == "SOCKET_NOT_A_SOCKET"
    assert path.read_text() == "mine"


@pytest.mark.parametrize("name", ["missing/node.sock", "n" * 200])
def test_a_socket_that_cannot_be_made_is_a_coded_error(tmp_path, name):
    with pytest.raises(ConfigError) as raised:
        listen_unix(tmp_path / name)
    assert raised.value.code == "SOCKET_UNUSABLE"


@pytest.mark.parametrize("listen", ["", "127.0.0.1", "127.0.0.1:x", "127.0.0.1:65536", "a b:1"])
def test_an_address_of_no_form_is_a_coded_error(listen):
    with pytest.raises(ConfigError) as raised:
        listen_tcp(listen)
    assert raised.value.code == "LISTEN_INVALID"


def test_a_taken_port_is_a_coded_error():
    with listen_tcp("127.0.0.1:0") as first:
        port = first.getsockname()[1]
        assert url_of(first) == f"http://127.0.0.1:{port}"
        with pytest.raises(ConfigError) as raised:
            listen_tcp(f"127.0.0.1:{port}")
    assert raised.value.code == "LISTEN_FAILED"


def test_an_ipv6_url_has_brackets():
    class Listening:
        def getsockname(self):
            return ("::1", 9464, 0, 0)

    assert url_of(Listening()) == "http://[::1]:9464"


def centre_of(land, log, path):
    desk = land["370000"]
    loops = SimpleNamespace(
        stopping=asyncio.Event(), reading=asyncio.Event(), outbox=desk.outbox, trouble={}
    )
    return SimpleNamespace(
        config=SimpleNamespace(http=HttpSection(listen="127.0.0.1:0", socket=path)),
        office=desk.office,
        store=desk.store,
        keeper=SimpleNamespace(require_fresh=lambda _now: None),
        step=desk.step,
        loops=loops,
        gauges=gauges_of(land, "370000"),
        log=make_logger("370000", log),
    )


async def run_face(face, log, use):
    stopping = asyncio.Event()
    async with asyncio.TaskGroup() as group:
        group.create_task(face(stopping))
        # One turn of the loop is all the face needs to listen and say where.
        await asyncio.sleep(0)
        url = json.loads(log.getvalue().splitlines()[0])["url"]
        async with httpx.AsyncClient(base_url=url, trust_env=False) as http:
            await use(http)
        stopping.set()


async def test_a_centre_has_both_faces(land, log, path):
    centre = centre_of(land, log, path)
    [face] = faces(service_of(land, "370000"), centre, Examiner())

    async def use(http):
        not_yet = await http.get("/readyz")
        centre.loops.reading.set()
        ready = await http.get("/readyz")
        assert (not_yet.status_code, not_yet.json()["code"]) == (503, "NOT_READING")
        assert ready.status_code == 200
        assert path.exists()

    await run_face(face, log, use)
    assert not path.exists()


async def test_an_adapter_has_health_and_metrics_only(land, log, path):
    async def use(http):
        assert (await http.get("/metrics")).status_code == 200
        assert not path.exists()

        ready = await http.get("/readyz")
        assert (ready.status_code, ready.json()["code"]) == (503, "SOURCE_FAILED")
        down.clear()
        ready = await http.get("/readyz")
        assert ready.json() == {"ready": True, "waiting_for_people": 2}

    down = [UnavailableError("SOURCE_FAILED", "来源不可用", "down")]
    centre = centre_of(land, log, path)
    centre.loops.reading.set()
    face = health_face(centre, lambda: down[0] if down else None, lambda: {"waiting_for_people": 2})
    await run_face(face, log, use)


async def test_a_centre_without_a_socket_is_not_started(land, log):
    with pytest.raises(ConfigError) as raised:
        faces(service_of(land, "370000"), centre_of(land, log, None), Examiner())
    assert raised.value.code == "SOCKET_NOT_CONFIGURED"


@pytest.mark.requirement("R076")
async def test_a_centre_is_served_over_tls_where_it_is_told_by_its_own_certificate(
    land, log, path, tmp_path
):
    issuing = make_issuing(make_root(datetime.now(UTC)), datetime.now(UTC))
    leaf = issue_participant(issuing, "370000", 1, datetime.now(UTC), ("127.0.0.1",)).tls
    certificate, key = tmp_path / "tls.pem", tmp_path / "tls.key"
    certificate.write_bytes(leaf.certificate.public_bytes(Encoding.PEM))
    key.touch(0o600)
    key.write_bytes(
        leaf.private_key.private_bytes(
            Encoding.PEM, PrivateFormat.PKCS8, BestAvailableEncryption(b"pass")
        )
    )
    centre = centre_of(land, log, path)
    centre.ring = SimpleNamespace(tls_certificate=certificate, tls_key=key, passphrase=b"pass")
    section = HttpSection(listen="127.0.0.1:0", socket=path, api_listen="127.0.0.1:0")
    centre.config = SimpleNamespace(http=section)
    [face] = faces(service_of(land, "370000"), centre, Examiner())
    stopping, trusted = asyncio.Event(), ssl.create_default_context()
    trusted.check_hostname, trusted.verify_mode = False, ssl.CERT_NONE

    async with asyncio.TaskGroup() as group:
        group.create_task(face(stopping))
        # One turn of the loop is all the face needs to listen and say where.
        await asyncio.sleep(0)
        urls = [json.loads(line)["url"] for line in log.getvalue().splitlines()]
        (url,) = [url for url in urls if url.startswith("https://")]
        async with httpx.AsyncClient(verify=trusted, trust_env=False) as http:
            answer = await http.get(f"{url}/api/v1/standing")
            health = await http.get(f"{url}/metrics")
        stopping.set()

    assert (answer.status_code, answer.json()["code"]) == (401, "TOKEN_MISSING")
    # What probes and Prometheus read is not served there.
    assert health.status_code == 404
    assert centre.gauges.metrics.access_refused.labels(code="TOKEN_MISSING")._value.get() == 1


async def test_nothing_is_served_when_the_socket_is_taken(land, log, path):
    with listen_unix(path):
        with pytest.raises(ConfigError) as raised:
            await Served(land, log, path).__aenter__()
        assert path.exists()
    assert raised.value.code == "SOCKET_IN_USE"
