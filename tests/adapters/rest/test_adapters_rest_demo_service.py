"""The demo's service: an agency's tables over HTTP, and the mapping that reads them."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import tomllib
from base64 import b64encode
from datetime import date
from decimal import Decimal

import pytest
from fund_service import Waits

from adapters.contract import SourceUnavailableError, Subject
from adapters.demo.agencies import shipped_data
from adapters.demo.faults import DataFaultsError
from adapters.demo.rest_app import TOKEN_SECONDS, Door
from adapters.demo.rest_service import load_tables, main, rest_toml
from adapters.kit.people import Known
from adapters.kit.report import Verdict
from adapters.kit.run import run_kit
from adapters.rest.connector import RestConnector
from adapters.rest.mapping import RestMapping
from bus.model.messages import OutcomeKind
from schemas.resources import resources

TABLES = shipped_data() / "tables" / "500000.housing-fund"


@pytest.fixture
def secret(tmp_path):
    file = tmp_path / "client.secret"
    file.write_text("sesame:one\n")
    file.chmod(0o600)
    return file


@pytest.fixture
def service(secret):
    """The service as a process of its own; its first line is its address."""
    command = [sys.executable, "-m", "adapters.demo.rest_service", "--tables", str(TABLES)]
    process = subprocess.Popen(  # noqa: S603 - our own command
        [*command, "--client-secret-file", str(secret)], stdout=subprocess.PIPE, text=True
    )
    try:
        yield process, process.stdout.readline().strip()
    finally:
        process.send_signal(signal.SIGTERM)
        process.communicate(timeout=30)


async def test_shipped_tables_are_looked_up_over_http(service, secret, ask, now):
    process, url = service
    text = rest_toml(load_tables(TABLES), url, "hedui", secret.name)
    mapping = RestMapping.from_toml(tomllib.loads(text), "adapter.toml", secret.parent)
    connector = RestConnector(mapping, resources())
    await connector.check()
    people = (
        Subject(1, "陆样恒", "111", "99000019900708106X"),
        Subject(2, "别人", "111", "990000195312211117"),
        Subject(3, "测试", "111", "990000196001010013"),
    )
    items = ("amount", "withdrawn_on", "paid_to")
    result = await connector.lookup(ask(*people, items=items), now)
    found, differs, nobody = result.outcomes
    assert found.records == (
        {"amount": Decimal(8000), "withdrawn_on": date(2025, 1, 1), "paid_to": None},
    )
    assert differs.code == "NAME_MISMATCH"
    assert nobody.kind is OutcomeKind.NOT_FOUND
    await connector.close()
    (secret.parent / "client.secret").write_text("other\n")
    stranger = RestConnector(mapping, resources())
    with pytest.raises(SourceUnavailableError, match="SOURCE_UNAUTHORISED"):
        await stranger.check()
    await stranger.close()
    os.kill(process.pid, signal.SIGTERM)
    assert process.wait(30) == 0
    down = RestConnector(mapping, resources())
    with pytest.raises(SourceUnavailableError, match="SOURCE_FAILED"):
        await down.check()
    await down.close()


async def test_it_passes_every_case_of_the_kit(service, secret, now):
    _, url = service
    tables = load_tables(TABLES)
    text = rest_toml(tables, url, "hedui", secret.name)
    mapping = RestMapping.from_toml(tomllib.loads(text), "adapter.toml", secret.parent)
    own = {table.resource.name: table.resource for table in tables}
    people = [
        Known("陆样恒", "111", "99000019900708106X", "housing-fund-withdrawal", date(2025, 1, 1)),
        Known("邓样梅", "111", "990000195312211117", "housing-fund-withdrawal", date(2008, 12, 22)),
        Known("陆样恒", "111", "99000019900708106X", "housing-fund-account", date(2018, 2, 26)),
        Known("韩样卓", "111", "990000197802201041", "housing-fund-loan", date(2014, 4, 9)),
    ]
    report = await run_kit(RestConnector(mapping, resources()), own, people, now)
    assert report.passes(), report.plain()
    shown = [line for line in report.lines if line.result.verdict is Verdict.PASSED]
    # A service cannot show rows of nobody in particular; all else is shown.
    assert {line.number for line in report.lines} - {line.number for line in shown} == {"K16"}


def test_what_cannot_be_served_is_said(secret, tmp_path, capsys):
    arguments = ["--client-secret-file", str(secret), "--tables"]
    (tmp_path / "empty").mkdir()
    assert main([*arguments, str(tmp_path / "empty")]) == 2
    assert "DATA_FAULTS" in capsys.readouterr().err
    assert main([*arguments, str(TABLES), "--listen", "nowhere"]) == 2
    assert "LISTEN_INVALID" in capsys.readouterr().err
    secret.chmod(0o644)
    assert main([*arguments, str(TABLES)]) == 2
    assert "PASSWORD_FILE_READABLE" in capsys.readouterr().err
    (tmp_path / "empty" / "other.csv").write_text("id_number\n")
    with pytest.raises(DataFaultsError):
        load_tables(tmp_path / "empty")


def basic(text: str) -> str:
    return f"Basic {b64encode(text.encode()).decode()}"


def test_a_door_opens_for_its_client_and_its_tokens_for_a_while():
    waits = Waits()
    door = Door("hedui", "sesame:one", waits.clock)
    for stranger in ("", "Basic !", basic("hedui"), basic("hedui:other"), basic("x:sesame:one")):
        assert door.token(stranger) is None
    assert door.token(basic("hedui:sesame%3Aone").replace("Basic", "Bearer")) is None
    token = door.token(basic("hedui:sesame%3Aone"))
    assert token is not None
    assert door.lets_in(f"Bearer {token}")
    assert not door.lets_in(token)
    assert not door.lets_in("Bearer ")
    waits.now += TOKEN_SECONDS
    assert not door.lets_in(f"Bearer {token}")
