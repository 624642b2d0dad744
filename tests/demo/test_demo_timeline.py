"""The timeline: in words, by stage and time."""

from __future__ import annotations

import io
from datetime import UTC, datetime, timedelta

import pytest
from rich.console import Console

from adapters.demo.timeline import Phase, moves, render
from bus.api.office import AuditBody
from bus.api.query import HopBody

BEGAN = datetime(2026, 3, 2, 1, 0, tzinfo=UTC)
NAMES = {"hub": "部中心", "370000": "山东", "320000": "江苏", "320000.fund": "江苏公积金"}


def hop(ms, sender, to, kind, role="origin", source=None, resource=None):
    return HopBody(
        forwarded=BEGAN + timedelta(milliseconds=ms),
        arrived=None,
        sender=sender,
        sender_title=sender,
        to=to,
        to_title=to,
        kind=kind,
        source=source or sender,
        resource=resource,
        part=None,
        role=role,
        message="00",
    )


def ordered(ms, to):
    return AuditBody(
        number=1,
        at=BEGAN + timedelta(milliseconds=ms),
        event="order.sent",
        actor="hub",
        query=None,
        detail={"to": to, "part": 1, "order": "00"},
        hash="00",
    )


HOPS = (
    hop(900, "370000", "hub", "Receipt"),
    hop(900, "370000", "hub", "Receipt"),
    hop(0, "370000", "hub", "Roster"),
    hop(0, "370000", "hub", "Application"),
    hop(50, "hub", "370000", "Decision"),
    hop(50, "hub", "370000", "Dispatch"),
    hop(300, "320000", "hub", "Answer", "relay", "320000.fund", "loan"),
    hop(200, "320000.fund", "320000", "Answer", "origin", None, "loan"),
)
AUDITS = {
    "hub": [ordered(50, "320000"), ordered(50, "hub.m")],
    "320000": [ordered(80, "320000.fund")],
}


def told(accepted=True):
    return moves(HOPS, AUDITS, {"loan": "贷款"}, accepted=accepted)


def test_every_hop_is_told_by_stage_and_time():
    assert [(m.phase, m.sender, m.to, m.zh, m.source, m.about, m.count) for m in told()] == [
        (Phase.APPLICATION, "370000", "hub", "申请提交", "", "", 1),
        (Phase.APPLICATION, "370000", "hub", "名单提交（密封）", "", "", 1),
        (Phase.REVIEW, "hub", "370000", "形式审查通过，受理", "", "", 1),
        (Phase.ORDER, "hub", "320000", "下达查询指令", "", "", 1),
        (Phase.ORDER, "hub", "hub.m", "下达查询指令", "", "", 1),
        (Phase.ORDER, "hub", "370000", "告知已向谁下达", "", "", 1),
        (Phase.ORDER, "320000", "320000.fund", "转达查询指令", "", "", 1),
        (Phase.ANSWER, "320000.fund", "320000", "反馈（密封，仅申请方可读）", "", "贷款", 1),
        (Phase.ANSWER, "320000", "hub", "批转反馈（未拆封）", "320000.fund", "贷款", 1),
        (Phase.RECEIPT, "370000", "hub", "签收（致部中心与各机构）", "", "", 2),
    ]


def test_a_refusal_is_told_as_one():
    assert "不予受理" in {move.zh for move in told(accepted=False)}


def test_a_kind_yet_unknown_is_passed_on_by_its_name():
    (move,) = moves([hop(1, "hub", "370000", "Evidence")], {}, {}, accepted=True)

    assert "Evidence" in move.en


@pytest.fixture
def printed():
    console = Console(file=io.StringIO(), width=160)
    console.print(render(told(), BEGAN, NAMES))
    return console.file.getvalue()


def test_the_printed_timeline_has_offsets_ways_and_both_languages(printed):
    lines = printed.splitlines()

    def line(words):
        return next(one for one in lines if words in one)

    assert "+0.000 s" in line("申请提交")
    assert "山东 → 部中心" in line("申请提交")
    assert "application submitted" in line("申请提交")
    assert "+0.300 s" in line("批转反馈（未拆封）：江苏公积金 贷款")
    assert "×2" in line("签收（致")
    assert [p for p in Phase if any(p in one for one in lines)] == list(Phase)


def test_nothing_to_tell_is_told_too():
    assert moves([], {}, {}, accepted=True) == ()
