"""`hedui conformance`, `hedui hub inspect` and `hedui hub circular` against running daemons."""

from __future__ import annotations

import json
import re
from types import SimpleNamespace

import pytest

from bus.cli import exam
from signer.conformance import read_report
from signer.envelope.open import Opener
from signer.envelope.verdict import Accept, Refuse, Relay

OPERATOR = ("--operator", "王芳")


@pytest.fixture
def moving(live, monkeypatch):
    """While a command waits, the daemons do what there is to do."""
    waits = []

    def sleep(seconds):
        waits.append(seconds)
        live.settle()

    monkeypatch.setattr(exam, "time", SimpleNamespace(sleep=sleep, monotonic=lambda: len(waits)))
    return waits


class Blind(Opener):
    """An opener that takes a message for right whose commitment is not."""

    def open(self, data, directory, now, arrival):
        verdict = super().open(data, directory, now, arrival)
        if isinstance(verdict, Accept):
            self.last = verdict.opened
        return Relay(self.last) if verdict == Refuse("COMMITMENT") else verdict


@pytest.mark.requirement("R014")
def test_a_node_is_tested_and_has_the_report_as_file_and_as_document(hedui, live, moving, tmp_path):
    text = tmp_path / "report.md"
    ended = hedui("conformance", "run", "--socket", live.node, *OPERATOR, "--out", text)

    assert ended.code == 0, ended.err
    assert "等待部中心" in ended.out
    assert "合格 PASSED" in ended.out
    assert re.search(r"2 +│ 应拒收的信封 refusals +│ 合格 passed", ended.out)
    assert text.read_text().startswith("# 入网前检测报告")
    run = re.search(r"[0-9a-f]{8}-[0-9a-f-]{27}", ended.out)[0]

    signed = tmp_path / "report.hedui"
    written = hedui("conformance", "report", run, "--out", signed, "--socket", live.node)
    assert written.code == 0
    assert read_report(signed.read_bytes(), live.country.directory).passed
    assert run in hedui("conformance", "list", "--socket", live.node).out
    assert "信封双向收发" in hedui("conformance", "show", run, "--socket", live.node).out


@pytest.mark.requirement("R014")
def test_a_node_that_fails_ends_with_1_and_json_says_why(hedui, live, moving):
    office = live.country["370000"].office
    office.opener = Blind(office.ring, office.schemas)

    ended = hedui("conformance", "run", "--socket", live.node, *OPERATOR, "--json")

    assert ended.code == 1
    said = json.loads(ended.out)
    assert (said["state"], moving) == ("FAILED", [1.0])
    failed = [r for r in said["results"] if not r["passed"]]
    assert [(r["name"], r["code"]) for r in failed] == [("refusals", "VERDICT_DIFFERS")]
    (detail,) = failed[0]["details"]
    assert detail == ("1301 REFUSE COMMITMENT, not 1301 RELAY")
    shown = hedui("conformance", "show", said["run"], "--socket", live.hub)
    assert f"应拒收的信封: {detail}" in shown.out


def test_a_run_that_takes_too_long_is_left_with_2(hedui, live, monkeypatch):
    clock = iter(range(0, 100, 40))
    waiting = SimpleNamespace(sleep=lambda _: None, monotonic=lambda: next(clock))
    monkeypatch.setattr(exam, "time", waiting)

    ended = hedui("conformance", "run", "--socket", live.node, *OPERATOR, "--timeout", 1)

    assert ended.code == 2
    assert "RUN_GOES_ON" in ended.err


def test_a_file_of_no_known_kind_is_refused_before_anything_begins(hedui, live, tmp_path):
    out = tmp_path / "report.docx"
    ended = hedui("conformance", "run", "--socket", live.node, *OPERATOR, "--out", out)

    assert (ended.code, "FILE_SUFFIX" in ended.err) == (2, True)
    assert "没有检测" in hedui("conformance", "list", "--socket", live.node).out


@pytest.mark.requirement("R015")
def test_the_hub_inspects_and_sees_each_test(hedui, live, moving):
    ended = hedui("hub", "inspect", "320000.housing-fund", "--socket", live.hub, *OPERATOR)

    assert ended.code == 0, ended.err
    assert "指定巡检" in ended.out
    assert "信封双向收发 …" in ended.out
    assert "合格 PASSED" in ended.out
    begun = hedui("hub", "inspect", "370000", "--no-wait", "--socket", live.hub, *OPERATOR)
    assert (begun.code, "inspection begun" in begun.out) == (0, True)
    again = hedui("hub", "inspect", "370000", "--socket", live.hub, *OPERATOR)
    assert (again.code, "RUN_IN_PROGRESS" in again.err) == (2, True)


@pytest.mark.requirement("R016")
def test_the_circular_is_written_once(hedui, live, moving, tmp_path):
    hedui("hub", "inspect", "320000", "--socket", live.hub, *OPERATOR)
    out = tmp_path / "circular.md"
    asked = ("hub", "circular", "--from", "2026-03-01", "--to", "2026-03-31", "--out", out)
    made = hedui(*asked, "--socket", live.hub, *OPERATOR)

    assert made.code == 0, made.err
    assert "共检测 1 次" in out.read_text()
    again = hedui(*asked, "--socket", live.hub, *OPERATOR)
    assert (again.code, "FILE_EXISTS" in again.err) == (2, True)
