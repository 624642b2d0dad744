"""A node and the hub of the in-memory country on real sockets, and the command line."""

from __future__ import annotations

import asyncio
import io
import sys
import threading
from dataclasses import dataclass
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parents[1]))

from admitting import Admitting
from country import (
    WITH_CITY,
    close_country,
    gauges_of,
    make_draft,
    open_country,
    service_of,
)

from bus.cli import main
from bus.daemon.access.gate import Door
from bus.http.operator import operator_app
from bus.http.public import public_app
from bus.http.server import Secure, serve
from bus.logs.setup import make_logger
from bus.rules.review_policy import ReviewPolicy
from bus.workbook.template import fill


class Live:
    """A country on a thread of its own, its node and its hub served on sockets.

    With a server's side of TLS the node is served there too; `url` says where.
    """

    def __init__(self, folder, policy, more=(), context=None, **how):
        self.node = folder / "node.sock"
        self.hub = folder / "hub.sock"
        self.sockets = {"370000": self.node, "hub": self.hub}
        self.sockets |= {name: folder / f"{name}.sock" for name in more}
        self._policy, self._how = policy, how
        self._context, self.url = context, None
        self.log = io.StringIO()
        self._ready = threading.Event()
        self._thread = threading.Thread(target=lambda: asyncio.run(self._main()))

    def __enter__(self):
        self._thread.start()
        assert self._ready.wait(30)
        return self

    def __exit__(self, *_):
        self._loop.call_soon_threadsafe(self._stopping.set)
        self._thread.join()

    def run(self, coroutine):
        return asyncio.run_coroutine_threadsafe(coroutine, self._loop).result(60)

    def settle(self):
        self.run(self.country.settle())

    async def _main(self):
        self._loop = asyncio.get_running_loop()
        self._stopping = asyncio.Event()
        self.country = await open_country(self._policy, **self._how)
        self.admitting = Admitting(self.country)
        waiting = [asyncio.Event() for _ in self.sockets]
        async with asyncio.TaskGroup() as group:
            for (name, path), up in zip(self.sockets.items(), waiting, strict=True):
                group.create_task(self._serve(name, path, up))
            for up in waiting:
                await up.wait()
            self._ready.set()
        await close_country(self.country)

    async def _serve(self, name, path, up):
        service, log = service_of(self.country, name), make_logger(name, self.log)
        admissions = self.admitting.service if name == "hub" else None
        secure = None
        if name == "370000" and self._context is not None:
            app = operator_app(service, log, admissions, door=Door.TLS)
            secure = Secure(app, "127.0.0.1:0", self._context)
        await serve(
            public_app(gauges_of(self.country, name), lambda: None, log),
            "127.0.0.1:0",
            self._stopping,
            log,
            operator=operator_app(service, log, admissions),
            path=path,
            secure=secure,
            on_url=lambda _url: up.set(),
            on_api_url=lambda url: setattr(self, "url", url),
        )


@dataclass(frozen=True)
class Ended:
    """What a command did."""

    code: int
    out: str
    err: str


@pytest.fixture
def hedui(capsys, monkeypatch):
    """Runs a command in this process, as the script would."""
    for name in ("HEDUI_SOCKET", "HEDUI_OPERATOR", "HEDUI_URL", "HEDUI_CA", "HEDUI_TOKEN_FILE"):
        monkeypatch.delenv(name, raising=False)

    def run(*arguments):
        with pytest.raises(SystemExit) as ended:
            main([str(argument) for argument in arguments])
        said = capsys.readouterr()
        return Ended(ended.value.code or 0, said.out, said.err)

    return run


@pytest.fixture
def live(tmp_path):
    with Live(tmp_path, ReviewPolicy.AUTOMATIC) as made:
        yield made


@pytest.fixture
def with_city(tmp_path):
    more = ("320000", "321200")
    with Live(tmp_path, ReviewPolicy.AUTOMATIC, more, **WITH_CITY) as made:
        yield made


@pytest.fixture
def live_with(tmp_path):
    """A country whose node is served over TLS as well, with a context of the test's own."""
    running = []

    def start(context):
        made = Live(tmp_path, ReviewPolicy.AUTOMATIC, context=context)
        running.append(made)
        return made.__enter__()

    yield start
    for made in running:
        made.__exit__(None, None, None)


@pytest.fixture
def manual(tmp_path):
    with Live(tmp_path, ReviewPolicy.MANUAL) as made:
        yield made


@pytest.fixture
def workbook(tmp_path):
    """A filled workbook, of so many persons, after a change with openpyxl if asked."""

    def make(persons=2, data=None):
        path = tmp_path / "application.xlsx"
        path.write_bytes(data or fill(make_draft(persons)))
        return path

    return make


@pytest.fixture(name="make_draft")
def make_draft_fixture():
    return make_draft
