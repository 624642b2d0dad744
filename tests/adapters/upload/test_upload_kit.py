"""The upload connector passes the kit, on a department's file that was loaded."""

from __future__ import annotations

import json
from datetime import UTC, date, datetime

from typer.testing import CliRunner
from upload_samples import AS_OF, ME, NOW, RESOURCE, csv_file, known, number, withdrawal

from adapters.commands.adapter import app as adapter
from adapters.commands.upload import app as upload
from adapters.kit.people import Known
from adapters.kit.report import Verdict
from adapters.kit.run import run_kit
from signer.ca.files import init_ca, issue

CONFIG = f"""
[participant]
id = "{ME}"
[keys]
directory = "keys"
passphrase_file = "pass"
store_key = "store.key"
[broker]
bootstrap = "127.0.0.1:9093"
[store]
url = "sqlite+aiosqlite:///adapter.db"
[adapter]
check_people = "people.csv"
[source]
kind = "upload"
[[resource]]
name = "{RESOURCE}"
schedule = "monthly"
not_held = []
"""


def people(*serials):
    return [Known(f"样本{n}", "111", number(n), None, date(2026, 5, 4)) for n in serials]


def ended(report, verdict):
    return {line.number for line in report.lines if line.result.verdict is verdict}


async def test_it_keeps_the_contract(agency, folder):
    rows = [withdrawal(n) for n in range(1, 31)]
    rows.append(withdrawal(1, withdrawn_on="2026-05-05"))
    await agency.load(csv_file(folder / "a.csv", rows))
    report = await run_kit(agency.connector, {RESOURCE: known()}, people(1, 2, 3), NOW)
    assert report.passes(), report.plain()
    # Its rows rest in the adapter's own store: no network to fail, none shown.
    assert ended(report, Verdict.NOT_APPLICABLE) == {"K17", "K18"}
    assert ended(report, Verdict.NOT_SHOWN) == {"K16"}


async def test_before_the_first_upload_nothing_is_asked_of_it(agency):
    report = await run_kit(agency.connector, {RESOURCE: known()}, people(1), NOW)
    assert report.passes(), report.plain()
    assert ended(report, Verdict.PASSED) == {"K01", "K19"}


def test_the_command_opens_the_adapters_own_store(tmp_path):
    init_ca(tmp_path / "ca", b"ca passphrase", datetime.now(UTC), 20)
    issue(tmp_path / "ca", b"ca passphrase", ME, tmp_path / "keys", b"pass", now=datetime.now(UTC))
    named = f"id_type,id_number,name\n111,{number(1)},样本1\n"
    for name, text in (("pass", "pass\n"), ("people.csv", named), ("adapter.toml", CONFIG)):
        (tmp_path / name).write_text(text, encoding="utf-8")
        (tmp_path / name).chmod(0o600)
    file = csv_file(tmp_path / "a.csv", [withdrawal(n) for n in range(1, 31)])
    order = [file, "-r", RESOURCE, "--as-of", AS_OF, "--operator", "王芳"]
    loaded = run(upload, "load", "-c", tmp_path / "adapter.toml", *order)
    assert loaded.exit_code == 0, (loaded.output, loaded.exception)
    done = run(adapter, "check", "-c", tmp_path / "adapter.toml", "--json")
    assert done.exit_code == 0, (done.output, done.exception)
    assert {line["case"] for line in json.loads(done.stdout) if line["verdict"] == "PASSED"} >= {
        "K01", "K02", "K03", "K12", "K13",
    }  # fmt: skip


def run(app, *arguments):
    return CliRunner().invoke(app, [str(one) for one in arguments])
