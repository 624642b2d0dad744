"""`hedui evidence` against a node and the hub on real sockets, from the archive to the verdict."""

from __future__ import annotations

import json
import stat

import pytest

from bus.daemon.evidence.checking import Checking
from bus.daemon.evidence.sending import Sending
from bus.model.audit import Event

OPERATOR = ("--operator", "王芳")
SCAN = b"%PDF-1.7\n" + bytes(range(256)) * 3000


@pytest.fixture
def query(hedui, live, workbook):
    """A query of two persons that was accepted."""
    ended = hedui("query", "submit", workbook(2), "--socket", live.node, *OPERATOR, "--json")
    live.settle()
    return json.loads(ended.out)["query"]


@pytest.fixture
def scan(tmp_path):
    path = tmp_path / "张三 授权书.pdf"
    path.write_bytes(SCAN)
    return path


def move(live):
    node, hub = live.country["370000"], live.country["hub"]
    wake = lambda: None  # noqa: E731 - nobody waits for it here
    live.run(Sending(node.office, node.store, "370000/1", wake).send())
    live.settle()
    live.run(Checking(hub.office, hub.store, "hub/1", wake).look())
    live.settle()


def asks(hedui, at, *arguments):
    ended = hedui("evidence", *arguments, "--socket", at, *OPERATOR, "--json")
    assert (ended.code, ended.err) == (0, "")
    return json.loads(ended.out)


async def last(store, event):
    async with store.transaction() as unit:
        return (await unit.last_audit(event)).event


@pytest.mark.requirement("R023")
@pytest.mark.requirement("R024")
@pytest.mark.requirement("R026")
def test_from_the_call_to_the_verdict(hedui, live, query, scan, tmp_path):
    called = asks(
        *(hedui, live.hub, "request", query[:13], "--person", 2, "--kind", "授权书"),
        *("--reason", "抽查"),
    )
    live.settle()
    (owed,) = asks(hedui, live.node, "calls", "--open")
    assert owed["due"] == called["due"]
    assert [(i["person"], i["kind"], i["state"]) for i in owed["items"]] == [
        (2, "authorisation", "OPEN")
    ]
    added = asks(hedui, live.node, "add", query[:13], scan, "--person", 2)
    assert added["size"] == len(SCAN)
    (listed,) = asks(hedui, live.node, "list", query)
    assert listed == added
    asks(hedui, live.node, "send", owed["call"][:18])
    move(live)
    detail = asks(hedui, live.hub, "show", called["call"])
    assert detail["summary"]["items"][0]["state"] == "RECEIVED"
    assert detail["documents"][0]["sha256"] == added["sha256"]
    assert detail["documents"][0]["missing"] == []

    out = tmp_path / "out"
    out.mkdir()
    (entry,) = asks(
        *(hedui, live.hub, "export", query, "--out", out, "--purpose", "核对授权"),
        *("--person", 2),
    )
    assert sorted(path.name for path in out.iterdir()) == [
        "P000002-authorisation-1.pdf",
        "index.json",
    ]
    assert (out / entry["file"]).read_bytes() == SCAN
    assert stat.S_IMODE((out / entry["file"]).stat().st_mode) == 0o600
    (indexed,) = json.loads((out / "index.json").read_text(encoding="utf-8"))
    assert (indexed["query"], indexed["person"]) == (query, 2)
    event = live.run(last(live.country["hub"].store, Event.EVIDENCE_READ))
    assert (event.actor, event.detail["purpose"]) == ("operator:王芳", "核对授权")

    sent_back = asks(
        *(hedui, live.hub, "reject", called["call"], "--reason", "无法辨认", "--person", 2)
    )
    assert sent_back["items"][0]["code"] == "UNREADABLE"
    live.settle()
    again = hedui("evidence", "send", called["call"], "--socket", live.node, *OPERATOR)
    assert again.code == 2
    assert "EVIDENCE_MISSING" in again.err
    asks(hedui, live.node, "add", query, scan, "--person", 2)
    asks(hedui, live.node, "send", called["call"])
    move(live)
    done = asks(hedui, live.hub, "accept", called["call"])
    assert done["closed"]
    live.settle()
    assert asks(hedui, live.node, "calls", "--open") == []


def test_people_read_tables_with_chinese_names(hedui, live, query, scan):
    asks(
        *(hedui, live.hub, "request", query, "--person", 1, "--kind", "identity"),
        *("--reason", "DOUBT"),
    )
    live.settle()
    asks(hedui, live.node, "add", query, scan, "--person", 1, "--kind", "身份证明")
    calls = hedui("evidence", "calls", "--socket", live.node)
    assert "审查存疑 DOUBT" in calls.out
    listed = hedui("evidence", "list", query, "--socket", live.node, *OPERATOR)
    assert "身份证明 identity" in listed.out
    (call,) = asks(hedui, live.node, "calls")
    shown = hedui("evidence", "show", call["call"], "--socket", live.node, *OPERATOR)
    assert "待提交 OPEN" in shown.out
    assert "张三" not in calls.out + listed.out + shown.out


@pytest.mark.requirement("R023")
@pytest.mark.parametrize(
    ("name", "data", "code"),
    [
        ("a.pdf", b"", "EVIDENCE_EMPTY"),
        ("bomb.xlsx", b"PK\x03\x04" + bytes(100), "EVIDENCE_TYPE"),
        ("a.png", SCAN, "EVIDENCE_TYPE_DIFFERS"),
        (".a.pdf", SCAN, "EVIDENCE_NAME"),
    ],
)
def test_a_file_that_cannot_be_evidence_is_refused_with_a_remedy(
    hedui, live, query, tmp_path, name, data, code
):
    path = tmp_path / name
    path.write_bytes(data)
    ended = hedui(
        *("evidence", "add", query, path, "--person", 1, "--socket", live.node),
        *(*OPERATOR, "--json"),
    )
    assert ended.code == 2
    error = json.loads(ended.err)
    assert error["code"] == code
    assert error["remedy_zh"]
    assert asks(hedui, live.node, "list", query) == []


def test_100_mb_and_a_byte_are_refused_before_they_are_sent(hedui, live, query, tmp_path):
    path = tmp_path / "a.pdf"
    with path.open("wb") as file:
        file.write(b"%PDF-1.7\n")
        file.truncate(100 * 1024 * 1024 + 1)
    ended = hedui(
        *("evidence", "add", query, path, "--person", 1, "--socket", live.node, *OPERATOR)
    )
    assert ended.code == 2
    assert "EVIDENCE_TOO_LARGE" in ended.err


def test_what_is_wrong_is_said_by_code(hedui, live, query, tmp_path):
    for at, arguments, code in (
        (live.hub, ("request", query, "--reason", "SAMPLE"), "EVIDENCE_REQUEST_INCOMPLETE"),
        (
            live.hub,
            ("request", query, "--reason", "NO", "--person", 1, "--kind", "授权书"),
            "EVIDENCE_REASON_UNKNOWN",
        ),
        (
            live.hub,
            ("request", query, "--reason", "SAMPLE", "--person", 3, "--kind", "授权书"),
            "EVIDENCE_PERSONS",
        ),
        (live.hub, ("show", "12345678"), "EVIDENCE_CALL_ID"),
        (live.hub, ("show", "00000000-0000-7000-8000-000000000001"), "EVIDENCE_CALL_UNKNOWN"),
        (
            live.node,
            ("request", query, "--reason", "SAMPLE", "--person", 1, "--kind", "x"),
            "METHOD_UNKNOWN",
        ),
        (
            live.node,
            ("export", query, "--out", tmp_path / "no", "--purpose", "x"),
            "FOLDER_MISSING",
        ),
    ):
        ended = hedui("evidence", *arguments, "--socket", at, *OPERATOR, "--json")
        assert ended.code == 2
        assert json.loads(ended.err)["code"] == code
