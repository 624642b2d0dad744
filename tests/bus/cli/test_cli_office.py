"""The hub's review, the template and the small groups, against daemons on real sockets."""

from __future__ import annotations

import json
import stat
from io import BytesIO

import pytest
from country import NOW
from openpyxl import load_workbook

OPERATOR = ("--operator", "王芳")

YEAR_TABLE = """
year = 2027
source = "国办发明电〔2026〕测试号"
holidays = [2027-01-01, 2027-01-02, 2027-01-03]
workdays = []
"""


@pytest.fixture
def waiting(hedui, manual, workbook):
    """The id of an application that waits for the hub's operator."""
    ended = hedui("query", "submit", workbook(2), "--socket", manual.node, *OPERATOR, "--json")
    manual.settle()
    return json.loads(ended.out)["query"]


def test_the_hub_lists_shows_and_accepts(hedui, manual, waiting, make_draft):
    hub = ("--socket", manual.hub)

    listed = hedui("application", "list", *hub, *OPERATOR, "--state", "UNDER_REVIEW")
    none = hedui("application", "list", *hub, "--state", "REFUSED")
    shown = hedui("application", "show", waiting, *hub, *OPERATOR)
    accepted = hedui("application", "accept", waiting[:13], *hub, *OPERATOR, "--json")
    again = hedui("application", "accept", waiting, *hub, *OPERATOR)

    assert waiting in listed.out
    assert none.out == "没有申请 / no applications\n"
    assert "等 2 人" in shown.out
    assert "婚姻登记" in shown.out
    for person in make_draft(2).persons:
        assert person.name in shown.out
        assert person.id_number in shown.out
    for title in ("全国", "部中心", "江苏", "本人", "居民身份证", "附表序号"):
        assert title in shown.out
    for code in ("national", "320000", "id_number", "subsistence-allowance"):
        assert code not in shown.out
    assert json.loads(accepted.out)["decision"]["by"] == "王芳"
    assert (again.code, "NOT_UNDER_REVIEW" in again.err) == (2, True)
    manual.settle()
    status = hedui("query", "status", waiting, "--socket", manual.node, "--json")
    assert json.loads(status.out)["summary"]["state"] == "DELIVERED"


def test_showing_deciding_and_replaying_need_an_operator(hedui, manual, waiting):
    for command in (
        ("application", "show", waiting),
        ("application", "accept", waiting),
        ("application", "refuse", waiting, "--reason", "CONSENT_DOUBTFUL"),
        ("quarantine", "replay", "1"),
    ):
        ended = hedui(*command, "--socket", manual.hub)
        assert (ended.code, "OPERATOR_MISSING" in ended.err) == (2, True)


@pytest.mark.requirement("R027")
def test_a_refusal_needs_a_code_that_there_is(hedui, manual, waiting):
    hub = ("--socket", manual.hub, *OPERATOR)
    without = hedui("application", "refuse", waiting, *hub)
    unknown = hedui("application", "refuse", waiting, *hub, "--reason", "NO_SUCH")
    refused = hedui("application", "refuse", waiting, *hub, "--reason", "CONSENT_DOUBTFUL")

    assert (without.code, "--reason" in without.err) == (2, True)
    assert "REASON_UNKNOWN" in unknown.err
    assert "CONSENT_DOUBTFUL" in unknown.err
    assert refused.out == f"{waiting} REFUSED\n"


def test_the_template_lists_what_ships_or_what_the_node_offers(hedui, live, tmp_path):
    shipped, offered = tmp_path / "shipped.xlsx", tmp_path / "offered.xlsx"

    hedui("application", "template", "--out", shipped)
    hedui("application", "template", "--out", offered, "--socket", live.node, *OPERATOR)
    other = hedui("application", "template", "--out", tmp_path / "shipped.json")
    again = hedui("application", "template", "--out", shipped)

    def titles(path):
        sheet = load_workbook(BytesIO(path.read_bytes()))["资源目录"]
        return {row[1] for row in sheet.iter_rows(min_row=3, max_col=3, values_only=True)}

    assert "户籍登记" in titles(shipped)
    assert "婚姻登记" in titles(offered)
    # Nobody in the country offers it.
    assert "户籍登记" not in titles(offered)
    assert (again.code, "FILE_EXISTS" in again.err) == (2, True)
    assert (other.code, "FILE_SUFFIX" in other.err) == (2, True)
    assert stat.S_IMODE(shipped.stat().st_mode) == 0o600


def test_the_socket_comes_from_option_configuration_or_environment(
    hedui, live, tmp_path, monkeypatch
):
    text = (
        '[participant]\nid = "370000"\n'
        '[keys]\ndirectory = "k"\npassphrase_file = "p"\nstore_key = "s"\n'
        '[broker]\nbootstrap = "localhost:9093"\n'
        '[store]\nurl = "sqlite+aiosqlite:///node.db"\n'
        "[http]\n"
    )
    config = tmp_path / "node.toml"
    config.write_text(text + 'socket = "node.sock"\n', encoding="utf-8")
    bare = tmp_path / "adapter.toml"
    bare.write_text(text, encoding="utf-8")

    nothing = hedui("standing")
    without = hedui("standing", "-c", bare)
    by_config = hedui("standing", "-c", config, "--json")
    monkeypatch.setenv("HEDUI_SOCKET", str(live.hub))
    by_environment = hedui("standing", "--json")
    by_option = hedui("standing", "--json", "--socket", live.node)

    assert "SOCKET_UNKNOWN" in nothing.err
    assert "SOCKET_NOT_CONFIGURED" in without.err
    assert [json.loads(e.out)["participant"] for e in (by_config, by_environment, by_option)] == [
        "370000",
        "hub",
        "370000",
    ]


def test_standing_is_a_table_for_people(hedui, live):
    ended = hedui("standing", "--socket", live.node)
    assert ended.code == 0
    assert "待发送 outbox" in ended.out


def test_a_daemon_that_is_down_is_a_coded_error_with_a_remedy(hedui, tmp_path):
    ended = hedui("query", "list", "--socket", tmp_path / "nobody.sock")
    as_json = hedui("query", "list", "--socket", tmp_path / "nobody.sock", "--json")

    assert ended.code == as_json.code == 2
    assert "DAEMON_UNREACHABLE" in ended.err
    assert "Check that it runs" in ended.err
    assert json.loads(as_json.err)["where"] == str(tmp_path / "nobody.sock")


def test_asking_the_wrong_kind_of_daemon_says_so(hedui, live):
    ended = hedui("query", "list", "--socket", live.hub)
    assert (ended.code, "ROUTE_UNKNOWN" in ended.err) == (2, True)


def test_quarantine_is_listed_and_replayed(hedui, live):
    async def refuse():
        async with live.country["370000"].store.transaction() as unit:
            return await unit.quarantine(
                "hedui.370000.inbox", 0, 7, b"key", b"none", (), "MALFORMED", "", NOW
            )

    node = ("--socket", live.node)
    empty = hedui("quarantine", "list", *node)
    number = live.run(refuse())
    listed = hedui("quarantine", "list", *node)
    replayed = hedui("quarantine", "replay", number, *node, *OPERATOR)
    unknown = hedui("quarantine", "replay", 99, *node, *OPERATOR, "--json")
    after = json.loads(hedui("quarantine", "list", *node, "--json").out)

    assert empty.out == "没有隔离的消息 / nothing in quarantine\n"
    assert "MALFORMED" in listed.out
    assert (replayed.code, replayed.out) == (1, f"再次被拒收 / refused again: {number} MAGIC\n")
    assert json.loads(unknown.err)["code"] == "QUARANTINE_UNKNOWN"
    assert after[0]["replayed"] is not None


def test_a_year_table_is_imported_and_noted(hedui, live, tmp_path):
    good, bad = tmp_path / "2027.toml", tmp_path / "bad.toml"
    good.write_text(YEAR_TABLE, encoding="utf-8")
    bad.write_text("year = 2027", encoding="utf-8")
    node = ("--socket", live.node, *OPERATOR)

    imported = hedui("calendar", "import", good, *node)
    refused = hedui("calendar", "import", bad, *node)
    audit = hedui("audit", "list", "--socket", live.node)

    assert imported.out == "已导入 2027 年度表 / imported the table of 2027\n"
    assert (refused.code, "YEAR_TABLE_FORMAT" in refused.err) == (2, True)
    assert "calendar.imported" in audit.out
    assert "operator:王芳" in audit.out


def test_the_audit_chain_is_verified(hedui, live):
    node = ("--socket", live.node)

    assert hedui("audit", "verify", *node).out.startswith("审计链完整")
    assert json.loads(hedui("audit", "verify", *node, "--json").out)["entries"] >= 0
