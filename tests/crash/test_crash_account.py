"""The account itself: it sees what is missing, what is there twice, and who wrote a topic."""

from __future__ import annotations

import re

import crash_points as points
import pytest
from crash_books import due_lines, due_rows
from crash_deeds import Outcome
from crash_ledger import Account
from crash_load import holdings
from crash_points import transaction_of
from crash_program import ROLES, SHORT
from crash_table import BEGIN, END, put_into
from crash_wire import writer


def test_what_is_missing_is_lost_and_what_is_there_again_is_twice():
    account = Account(broken=["hub"])
    account.compare(
        "books", {"kept": 1, "doubled": 3, "odd": 1}, {"kept": 1, "doubled": 1, "gone": 1}
    )
    assert account.lost == ["books: gone"]
    assert account.twice == ["books: doubled", "books: doubled", "books: odd"]
    assert account.faults == [*account.lost, *account.twice, "hub: audit chain"]


def test_every_table_is_owed_once_at_its_agency_its_centre_the_hub_and_the_node_that_asks():
    rows = {name: set(due_rows(name)) for name in ("hub", "370000", "320000", "hub.marriage")}
    assert len(holdings()) == len(rows["hub"]) == 8
    assert rows["hub"] == rows["370000"]
    assert {holder.partition(".")[0] for holder, _, _ in rows["320000"]} == {"320000"}
    assert {holder for holder, _, _ in rows["hub.marriage"]} == {"hub.marriage"}
    assert sum(due_lines("370000", "crash").values()) == 3 + 3 + 8 + 1


@pytest.mark.parametrize(
    ("calls", "before", "after"),
    [
        ({"store_offset", "append_audit answer.sent"}, "step.uncommitted", "step.committed"),
        ({"mark_sent"}, "relay.unmarked", "relay.marked"),
        ({"unsent"}, None, "relay.read"),
        ({"enqueue directory"}, "directory.uncommitted", "directory.committed"),
        ({"append_audit answer.sent"}, "answer.uncommitted", "answer.committed"),
        ({"append_audit query.submitted"}, "submit.uncommitted", "submit.committed"),
    ],
)
def test_a_transaction_is_known_by_its_calls(calls, before, after):
    found = transaction_of(calls)
    assert (found.before_commit, found.after_commit) == (before, after)


def test_a_transaction_that_only_looks_has_no_name():
    assert transaction_of({"append_audit result.read"}) is None


def test_the_table_of_points_names_each_one_that_is_used():
    named = set(re.findall(r"^\| `([a-z.-]+)` \|", points.__doc__, re.MULTILINE))
    used = {*points.STEP, *points.SUBMIT, *points.ANSWER, *points.DIRECTORY, *points.RELAY}
    used |= {point for places in points.RECOVERY for point in places}
    assert named == used
    assert {point for _, *places in SHORT for point in places} <= used
    assert {role for role, *_ in SHORT} == set(ROLES)


@pytest.mark.parametrize(
    ("topic", "who"),
    [
        ("hedui.320000.outbox", "320000"),
        ("hedui.320000.inbox", "hub"),
        ("hedui.320000.housing-fund.inbox", "320000"),
        ("hedui.hub.marriage.inbox", "hub"),
        ("hedui.hub.marriage.outbox", "hub.marriage"),
    ],
)
def test_a_topic_has_one_writer(topic, who):
    assert writer(topic) == who


def test_the_table_goes_between_its_markers_and_nowhere_else(tmp_path):
    page = tmp_path / "page.md"
    page.write_text(f"before\n{BEGIN}\nold\n{END}\nafter\n", "utf-8")
    account = Account(queries=3, persons=7, answers=24, copies=5, chains=8, lost=["one"])
    put_into(page, [Outcome("step.polled", "hub", 2, account)], "measured:")
    text = page.read_text("utf-8")
    assert "| step.polled | hub | 2 | 3 | 7 | 24 | 5 | 0 | 1 | 0 | 8 of 8 |" in text
    assert text.startswith(f"before\n{BEGIN}\nmeasured:\n")
    assert text.endswith(f"{END}\nafter\n")
    assert "old" not in text
