"""Each story ends 0, with an account whose facts are what the rules say."""

from __future__ import annotations

import json
import os
from dataclasses import replace

import pytest
from typer.testing import CliRunner

from adapters.demo.commands import app
from adapters.demo.stories import play as playing
from adapters.demo.stories.play import STORIES, StoryChoice
from adapters.demo.stories.telling import _EVENTS
from bus.errors import DefectError

SUITE = ("--suite", os.environ["HEDUI_TEST_SUITE"]) if "HEDUI_TEST_SUITE" in os.environ else ()


def tell(*arguments: str):
    return CliRunner().invoke(app, [*arguments, *SUITE])


def account_of(story: str):
    ended = tell("--story", story, "--json")
    assert ended.exit_code == 0, ended.output
    (line,) = ended.stdout.splitlines()
    account = json.loads(line)
    # What the audit says is told in words, in every story.
    assert {event for chain in account["audit"] for event in chain["events"]} <= set(_EVENTS)
    return account


def held(account, query: int):
    """Participant and role → state, of the query of that place."""
    name = account["queries"][query]["query"]
    return {
        (holding["participant"], holding["role"]): holding["state"]
        for holding in account["holdings"]
        if holding["query"] == name
    }


def cited(account):
    return {number for entry in account["course"] for number in entry["requirements"]}


def test_every_choice_is_a_story_but_all_of_them():
    assert set(STORIES) == set(StoryChoice) - {StoryChoice.ALL}


@pytest.mark.requirement("R027")
@pytest.mark.requirement("R057")
def test_a_refused_application_reaches_nobody_else_and_a_mended_one_is_delivered():
    account = account_of("refused")
    assert account["facts"]["reasons"] == ["PURPOSE_NOT_ALLOWED"]
    assert held(account, 0) == {("370000", "requester"): "REFUSED", ("hub", "reviewer"): "REFUSED"}
    assert held(account, 1)["370000", "requester"] == "DELIVERED"
    assert held(account, 1)["320000.housing-fund", "agency"] == "DELIVERED"
    assert {"R019", "R025", "R027", "R028", "R029"} <= cited(account)


@pytest.mark.requirement("R006")
@pytest.mark.requirement("R054")
def test_a_citys_application_goes_up_with_its_provinces_assent_alone():
    account = account_of("city")
    assented, refused, downwards = (held(account, n) for n in range(3))
    assert assented["321200", "requester"] == "DELIVERED"
    assert assented["320000", "superior"] == "ACCEPTED"
    assert refused == {("321200", "requester"): "REFUSED", ("320000", "superior"): "REFUSED"}
    assert downwards["321200", "provider"] == "ANSWERED"
    assert account["facts"]["way"] == ["320000", "321200", "321200.housing-bureau"]


@pytest.mark.requirement("R031")
def test_a_withdrawn_query_is_stopped_everywhere_with_signed_statements():
    account = account_of("cancelled")
    assert set(held(account, 0).values()) == {"CANCELLED"}
    assert held(account, 1) == {
        ("370000", "requester"): "CANCELLED",
        ("hub", "reviewer"): "CANCELLED",
    }
    assert account["facts"]["statements"] == [
        "320000.housing-fund NOT_STARTED",
        "500000.housing-fund STOPPED",
        "hub.marriage ANSWERED",
    ]
    assert account["facts"]["result"] == "RESULT_WITHDRAWN"


@pytest.mark.requirement("R029")
@pytest.mark.requirement("R030")
def test_an_agreed_date_is_kept_and_who_says_nothing_is_late():
    account = account_of("late")
    # 5 working days after 28 September 2026: the holidays do not count, 10 October does.
    assert account["facts"]["due"] == "2026-10-11T00:00:00+08:00"
    assert account["facts"]["agreed"] == "2026-10-15T00:00:00+08:00"
    assert account["facts"]["late"] == ["500000.housing-fund"]
    assert held(account, 0)["370000", "requester"] == "DELIVERED"


@pytest.mark.requirement("R032")
def test_a_recheck_is_a_query_of_its_own_and_shows_what_differs():
    account = account_of("rechecked")
    assert account["facts"]["differences"] == ["balance 21600.00 2160.00"]
    assert held(account, 0)["370000", "requester"] == "DELIVERED"
    assert held(account, 1)["370000", "requester"] == "DELIVERED"


@pytest.mark.requirement("R024")
@pytest.mark.requirement("R026")
def test_evidence_is_judged_and_what_is_overdue_ends_in_a_suspension():
    account = account_of("evidence")
    assert account["facts"]["items"] == ["1 ACCEPTED", "2 ACCEPTED", "3 ACCEPTED"]
    # 5 working days after 23 June 2026, a Tuesday: 30 June is the last.
    assert account["facts"]["evidence_due"] == "2026-07-01T00:00:00+08:00"
    assert account["facts"]["while_suspended"] == "PARTICIPANT_SUSPENDED"


def test_an_account_for_people_is_chinese_first_and_dated_by_the_moved_clock():
    ended = tell("--story", "refused")
    assert ended.exit_code == 0
    lines = ended.stdout.splitlines()
    assert lines[0] == "拒绝受理：查询用途不符合规定，更正后重新申请"
    assert lines[1].startswith("Refused: ")
    course = [line for line in lines if line.startswith("2026-03-02 星期一 15:00")]
    assert any("PURPOSE_NOT_ALLOWED" in line and "第九条（R027）" in line for line in course)
    assert "✗" not in ended.stdout


@pytest.mark.parametrize(
    "option",
    [
        ("--application", "a.xlsx"),
        ("--data", "tables"),
        ("--out", "elsewhere"),
        ("--timeout", "5"),
        ("--broker", "kafka"),
        ("--nodes", "1"),
        ("--stay",),
        ("--keep",),
    ],
)
def test_an_option_of_the_run_with_processes_is_refused_by_name(option):
    ended = tell("--story", "refused", *option)
    assert ended.exit_code == 2
    assert f"{option[0]} 不能与 --story 同用" in ended.stderr
    assert ended.stdout == ""


def test_a_suite_that_is_not_there_is_refused():
    ended = CliRunner().invoke(app, ["--story", "refused", "--suite", "none/1", "--json"])
    assert ended.exit_code == 1
    assert json.loads(ended.stderr)["code"] == "SUITE_NAME"


def test_a_check_that_fails_ends_with_one_and_says_what_is_not_so(monkeypatch):
    story = STORIES[StoryChoice.REFUSED]

    async def spoilt(stage):
        await story.play(stage)
        stage.check("太阳从西边升起", "the sun rises in the west", passed=False, detail=["东"])

    stories = dict(STORIES) | {StoryChoice.REFUSED: replace(story, play=spoilt)}
    monkeypatch.setattr(playing, "STORIES", stories)
    ended = tell("--story", "refused")
    assert ended.exit_code == 1
    assert "✗ 不符" in ended.stdout
    assert "太阳从西边升起" in ended.stdout


def test_a_story_that_cannot_go_on_ends_with_one_and_tells_the_error(monkeypatch):
    async def stuck(_stage):
        raise DefectError("STUCK", "走不下去", "it cannot go on")

    stories = {StoryChoice.REFUSED: replace(STORIES[StoryChoice.REFUSED], play=stuck)}
    monkeypatch.setattr(playing, "STORIES", stories)
    ended = tell("--story", "refused", "--json")
    assert ended.exit_code == 1
    assert json.loads(ended.stderr)["code"] == "STUCK"
