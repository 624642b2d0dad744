"""`hedui upload` from template to withdrawal, on an adapter's own keys and store."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from io import BytesIO
from pathlib import Path

import pytest
from openpyxl import load_workbook
from typer.testing import CliRunner
from upload_samples import ME, RESOURCE, number, withdrawal

from adapters.commands.upload import app
from adapters.host.desk import open_desk
from adapters.upload.schedule import day_in_china
from bus.config.load import load_config
from bus.errors import HeduiError
from signer.ca.files import init_ca, issue

NOW = datetime.now(UTC)
TODAY = day_in_china(NOW)
"""The commands read the machine's clock."""

CONFIG = """
[participant]
id = "{me}"
[keys]
directory = "{home}/keys"
passphrase_file = "{home}/pass"
store_key = "store.key"
[broker]
bootstrap = "127.0.0.1:9093"
[store]
url = "sqlite+aiosqlite:///adapter.db"
[source]
kind = "{kind}"
[[resource]]
name = "housing-fund-withdrawal"
schedule = "monthly"
not_held = ["paid_to"]
department = "公积金中心"
leader = "李主任"
handler = "张科员"
"""


@pytest.fixture(scope="module")
def home(tmp_path_factory):
    home = tmp_path_factory.mktemp("home")
    init_ca(home / "ca", b"ca passphrase", NOW, 20)
    issue(home / "ca", b"ca passphrase", ME, home / "keys", b"passphrase", now=NOW)
    (home / "pass").write_text("passphrase\n")
    (home / "pass").chmod(0o600)
    return home


@pytest.fixture
def config(home, tmp_path) -> Path:
    path = tmp_path / "adapter.toml"
    path.write_text(CONFIG.format(me=ME, home=home, kind="upload"), encoding="utf-8")
    return path


def run(*arguments, code=0):
    result = CliRunner().invoke(app, [str(one) for one in arguments])
    if isinstance(result.exception, HeduiError):
        raise result.exception
    assert result.exit_code == code, result.output
    return result.output


@pytest.fixture
def file(config, tmp_path):
    out = tmp_path / "template.xlsx"
    run("template", "-r", RESOURCE, "-c", config, "--out", out)
    titles = [cell.value for cell in load_workbook(out)["数据"][1]]
    assert "提取账户" not in titles
    return out


def filled(template: Path, *rows) -> Path:
    workbook = load_workbook(BytesIO(template.read_bytes()))
    sheet = workbook["数据"]
    names = ("name", "id_type", "id_number", "account", "amount", "withdrawn_on", "reason")
    for at, row in enumerate(rows, 2):
        for column, name in enumerate(names, 1):
            sheet.cell(at, column, row[name])
    workbook.save(template)
    return template


def loaded(config, file, *more):
    done = run(
        *("load", "-c", config, file, "-r", RESOURCE, "--as-of", TODAY, "--operator", "王芳"),
        *("--json", *more),
    )
    return json.loads(done)


@pytest.mark.requirement("R113")
def test_a_template_is_filled_checked_and_loaded(config, file):
    filled(file, withdrawal(1), withdrawal(2))

    assert "2 行，合格 2 行" in run("check", file, "-r", RESOURCE, "-c", config)
    version = loaded(config, file)

    assert (version["rows"], version["state"], version["operator"]) == (
        2,
        "CURRENT",
        "operator:王芳",
    )
    assert (version["leader"], version["handler"]) == ("李主任", "张科员")
    [listed] = json.loads(run("list", "-c", config, "--json"))
    assert listed == {k: v for k, v in version.items() if k != "report"}
    assert version["version"] in run("list", "-c", config)


@pytest.mark.requirement("R115")
def test_the_report_names_places_and_no_value(config, file):
    filled(file, withdrawal(1, amount="机密金额"), withdrawal(2, id_number=number(2)[:-1] + "A"))

    told = run("check", file, "-r", RESOURCE, "-c", config, code=1)
    report = json.loads(run("check", file, "-r", RESOURCE, "-c", config, "--json", code=1))

    assert "VALUE_INVALID" in told
    assert "ID_NUMBER_FORM" in told
    assert {(one["row"], one["column"], one["weight"]) for one in report["faults"]} == {
        (2, "E", "error"),
        (3, "C", "fatal"),
    }
    for text in (told, json.dumps(report, ensure_ascii=False)):
        assert "机密金额" not in text
        assert number(2)[:-1] not in text


def test_without_a_configuration_every_item_needs_a_column(file):
    report = json.loads(run("check", file, "-r", RESOURCE, "--json", code=1))
    assert [one["code"] for one in report["faults"]] == ["COLUMN_MISSING"]


@pytest.mark.requirement("R115")
def test_a_version_is_taken_back_in_the_operators_name(config, file):
    version = loaded(config, filled(file, withdrawal(1)))

    told = run(
        *("withdraw", "-c", config, version["version"], "--reason", "口径有误"),
        *("--operator", "李四"),
    )

    assert "没有可恢复的版本" in told
    [listed] = json.loads(run("list", "-c", config, "--json"))
    assert (listed["state"], listed["reason"]) == ("WITHDRAWN", "口径有误")


async def test_acts_stand_in_the_adapters_own_audit_chain(config, tmp_path):
    async with open_desk(load_config(config), config, " 王芳 ") as desk:
        async with desk.books.store.transaction() as unit:
            work = desk.work(unit)
            desk.note(work, None, "upload.late", resource=RESOURCE)
            await work.finish()
        async with desk.books.store.transaction() as unit:
            [*_, last] = await unit.audit(0, 10)
        assert desk.setup.folder == tmp_path
    assert (last.event.event, last.event.actor) == ("upload.late", "operator:王芳")


@pytest.mark.parametrize("operator", ["", "  ", "x" * 101, "a\nb"])
async def test_a_desk_is_opened_by_somebody(config, operator):
    with pytest.raises(HeduiError) as refused:
        async with open_desk(load_config(config), config, operator):
            pass
    assert refused.value.code == "OPERATOR_MISSING"


@pytest.mark.requirement("R120")
@pytest.mark.requirement("R125")
def test_what_is_owed_is_listed_with_whom_to_call(config, file):
    [before] = json.loads(run("due", "-c", config, "--json"))
    assert (before["resource"], before["as_of"]) == (RESOURCE, None)
    assert (before["department"], before["leader"], before["handler"]) == (
        "公积金中心",
        "李主任",
        "张科员",
    )
    loaded(config, filled(file, withdrawal(1)), "--period", f"{TODAY:%Y-%m}")
    [after] = json.loads(run("due", "-c", config, "--json"))
    assert after["as_of"] == TODAY.isoformat()
    assert after["period"] > f"{TODAY:%Y-%m}"
    assert after["late_days"] == 0
    assert "李主任" in run("due", "-c", config)


@pytest.mark.parametrize(
    ("arguments", "code"),
    [
        (("--as-of", "昨天"), "DATE_INVALID"),
        (("--period", "2026-Q1"), "PERIOD_INVALID"),
        (("-r", "vehicles"), "RESOURCE_UNKNOWN"),
        (("--operator", " "), "OPERATOR_MISSING"),
    ],
    ids=lambda value: value if isinstance(value, str) else " ".join(value),
)
def test_what_is_said_wrong_is_told_by_code(config, file, arguments, code):
    given = {"-r": RESOURCE, "--as-of": str(TODAY), "--operator": "王芳"}
    given |= dict([arguments])
    with pytest.raises(HeduiError) as refused:
        run("load", "-c", config, file, *(part for pair in given.items() for part in pair))
    assert refused.value.code == code


def test_an_agency_with_another_source_has_no_uploads(config, home):
    config.write_text(CONFIG.format(me=ME, home=home, kind="sql"), encoding="utf-8")
    with pytest.raises(HeduiError) as refused:
        run("list", "-c", config)
    assert refused.value.code == "KIND_DIFFERS"


def test_faulty_rows_are_left_out_where_the_operator_says_so(config, file):
    rows = [withdrawal(1), withdrawal(2, amount="许多")]
    filled(file, *rows)
    with pytest.raises(HeduiError) as refused:
        loaded(config, file)
    assert refused.value.code == "UPLOAD_REFUSED"

    version = loaded(config, file, "--skip-faulty")

    assert (version["rows"], version["refused"]) == (1, 1)
    assert version["report"]["refused"] == 1
