"""`hedui query show|owed|delay|delays|agree|decline|deadlines` and `hedui report turnaround`."""

from __future__ import annotations

import json

import pytest

OPERATOR = ("--operator", "王芳")
AGENCY = "hub.marriage"


@pytest.fixture
def waiting(hedui, live, workbook):
    """The id of a query that an agency of the hub does not answer."""
    live.country[AGENCY].answering = None
    ended = hedui("query", "submit", workbook(2), "--socket", live.node, *OPERATOR, "--json")
    live.settle()
    return json.loads(ended.out)["query"]


def give_notice(hedui, live, query, *more):
    command = ("query", "delay", query[:13], "--resource", "marriage-registration")
    cause = ("--cause", "DATA_NOT_READY", "--until", "2026-03-20")
    return hedui(*command, *cause, *OPERATOR, "--socket", live.hub, *more)


@pytest.mark.requirement("R030")
@pytest.mark.parametrize(("said", "word"), [("agree", "已同意 agreed"), ("decline", "未同意")])
def test_a_notice_is_given_seen_and_answered(hedui, live, waiting, said, word):
    owed = hedui("query", "owed", "--socket", live.hub)
    assert AGENCY in owed.out
    given = give_notice(hedui, live, waiting)
    assert (given.code, given.err) == (0, "")
    assert "已通知延期 / notice given" in given.out
    live.settle()

    delays = hedui("query", "delays", waiting, "--socket", live.node, "--json")
    (row,) = json.loads(delays.out)
    assert (row["holder"], row["delay"]["cause"]) == (AGENCY, "DATA_NOT_READY")
    assert "待答复 open" in "".join(hedui("query", "delays", "--socket", live.node).out.split("\n"))
    done = hedui("query", said, waiting, "--holder", AGENCY, *OPERATOR, "--socket", live.node)
    assert (done.code, done.err) == (0, "")
    live.settle()
    again = hedui("query", said, waiting, *OPERATOR, "--socket", live.node)
    assert (again.code, "ROWS_NONE" in again.err) == (2, True)

    shown = json.loads(hedui("query", "show", waiting, "--socket", live.node, "--json").out)
    (late,) = [r for r in shown["rows"] if r["delay"]]
    assert late["delay"]["agreed"] is (said == "agree")
    (deadline,) = shown["deadlines"]
    assert deadline["due"] == late["deadline"]
    assert word.split()[0] in hedui("query", "show", waiting, "--socket", live.node).out


@pytest.mark.requirement("R030")
def test_an_unknown_cause_lists_those_there_are(hedui, live, waiting):
    command = ("query", "delay", waiting, "--resource", "marriage-registration", "--cause", "MOOD")
    ended = hedui(*command, *OPERATOR, "--socket", live.hub)
    assert ended.code == 2
    assert "DELAY_CAUSE_UNKNOWN" in ended.err
    assert "不可抗力" in ended.err


@pytest.mark.requirement("R029")
def test_how_far_a_query_has_come_is_told_in_a_line(hedui, live, waiting):
    shown = json.loads(hedui("query", "status", waiting, "--socket", live.node, "--json").out)
    counts = shown["summary"]["counts"]
    line = f"{counts['answered']} 项已反馈、1 项待反馈、{counts['unserved']} 项拒绝"
    for command in (("list",), ("status", waiting), ("show", waiting)):
        out = hedui("query", *command, "--socket", live.node).out
        assert "1 项待反馈" in out.replace("\n", "") or "1 due" in out, command
    assert line in "".join(hedui("query", "show", waiting, "--socket", live.node).out.split("\n"))


@pytest.mark.requirement("R028")
@pytest.mark.requirement("R029")
def test_deadlines_are_told_with_what_they_were_counted_from(hedui, live, waiting):
    out = hedui("query", "deadlines", waiting, "--socket", live.node).out
    assert "FEEDBACK" in out
    (one,) = json.loads(hedui("query", "deadlines", waiting, "--socket", live.node, "--json").out)
    assert (one["owing"], one["days"]) == (AGENCY, 5)


@pytest.mark.requirement("R001")
def test_turnaround_is_a_table_by_province_at_hub_and_node(hedui, live, waiting):
    period = ("--from", "2026-01-01", "--to", "2026-12-31")
    for socket in (live.hub, live.node):
        out = hedui("report", "turnaround", *period, "--socket", socket).out
        assert "1 项查询 queries" in out
        assert "320000" in out
    found = json.loads(hedui("report", "turnaround", *period, "--socket", live.hub, "--json").out)
    (own,) = [p for p in found["provinces"] if p["province"] == "hub"]
    assert (own["asked"], own["due"]) == (1, 1)
    wrong = hedui(
        *("report", "turnaround", "--from", "2026-02-01", "--to", "2026-01-01"),
        *("--socket", live.hub),
    )
    assert (wrong.code, "PERIOD_ORDER" in wrong.err) == (2, True)
