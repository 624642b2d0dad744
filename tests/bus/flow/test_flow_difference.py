"""What differs between two results, record by record (R032)."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bus.flow.difference import changes, difference
from bus.model.case import QueryState
from bus.model.difference import Change
from bus.model.messages import OutcomeKind
from bus.model.result import (
    ResultAnswer,
    ResultApplication,
    ResultItem,
    ResultLine,
    ResultOutcome,
    ResultPerson,
    ResultView,
)

pytestmark = pytest.mark.requirement("R032")

AT = datetime(2026, 3, 2, 2, 0, tzinfo=UTC)
ITEMS = tuple(ResultItem(n, n) for n in ("name", "account", "status", "balance"))
LINE = ResultLine(1, 3, "national", "housing-fund-account", "公积金账户", ITEMS, None, None)
FOUND, NOTHING = OutcomeKind.FOUND, OutcomeKind.NOT_FOUND
UNABLE = OutcomeKind.NOT_ANSWERABLE
OLD, NEW = UUID(int=1), UUID(int=2)


def person(reference, number):
    return ResultPerson(reference, "1", "01", f"测试{number}", "111", f"99000{number}")


def outcome(reference, *records, kind=None, code=None, line=1):
    kind = kind or (FOUND if records else NOTHING)
    return ResultOutcome(line, reference, kind, code, tuple(records))


def view(query, persons, *outcomes, line=LINE, provider="320000.housing-fund"):
    application = ResultApplication(
        "370000", "甲", AT, "民政局", "低保", "低保", "账户", 1, AT.date()
    )
    answer = ResultAnswer(
        provider, "江苏公积金", "housing-fund-account", 1, AT, AT, AT, False, outcomes
    )
    return ResultView(
        query, QueryState.DELIVERED, application, tuple(persons), (line,), (answer,), ()
    )


def record(account, status="正常", balance="1.00"):
    return ("测试", account, status, balance)


def told(old, new):
    return difference(old, new, OLD, "OUTDATED")


def test_the_same_answers_differ_in_nothing_whatever_their_order():
    old = view(OLD, [person(1, 1)], outcome(1, record("a"), record("b"), record("b")))
    new = view(NEW, [person(1, 1)], outcome(1, record("b"), record("a"), record("b")))
    found = told(old, new)
    assert (found.compared, found.differences) == (1, ())


def test_persons_are_told_by_their_document_not_by_their_number():
    old = view(OLD, [person(1, 1), person(2, 2)], outcome(1, record("a")), outcome(2, record("b")))
    new = view(NEW, [person(1, 2)], outcome(1, record("b", status="封存")))
    (one,) = told(old, new).differences
    assert (one.person.reference, one.person.name, one.row) == (1, "测试2", 3)
    (changed,) = one.records
    assert (changed.change, changed.number) == (Change.CHANGED, 1)
    assert [(i.item.name, i.before, i.after) for i in changed.items] == [("status", "正常", "封存")]


def test_who_was_not_asked_about_again_is_left_out():
    old = view(OLD, [person(1, 1), person(2, 2)], outcome(1, record("a")), outcome(2))
    new = view(NEW, [person(1, 2)], outcome(1))
    found = told(old, new)
    assert (found.persons, found.compared, found.differences) == (1, 1, ())


@pytest.mark.parametrize(
    ("before", "after", "said"),
    [
        (outcome(1), outcome(1, kind=UNABLE, code="SOURCE_DOWN"), (NOTHING, UNABLE)),
        (outcome(1, kind=UNABLE, code="A"), outcome(1, kind=UNABLE, code="B"), (UNABLE, UNABLE)),
        (outcome(1), None, (NOTHING, None)),
        (None, outcome(1), (None, NOTHING)),
    ],
)
def test_another_outcome_is_a_difference_without_any_record(before, after, said):
    sides = ((OLD, before), (NEW, after))
    old, new = (view(q, [person(1, 1)], *([one] if one else [])) for q, one in sides)
    (found,) = told(old, new).differences
    assert ((found.before, found.after), found.records) == (said, ())


def test_another_provider_or_line_is_another_answer():
    old = view(OLD, [person(1, 1)], outcome(1, record("a")))
    new = view(NEW, [person(1, 1)], outcome(1, record("a")), provider="500000.housing-fund")
    assert [(d.provider, d.before, d.after) for d in told(old, new).differences] == [
        ("320000.housing-fund", FOUND, None),
        ("500000.housing-fund", None, FOUND),
    ]
    elsewhere = view(NEW, [person(1, 1)], outcome(1), line=replace(LINE, row=4))
    assert told(old, elsewhere).compared == 1


def test_records_are_paired_with_what_they_are_most_like():
    old = [record("a", "正常", "1.00"), record("b", "正常", "2.00")]
    new = [record("b", "正常", "3.00"), record("a", "正常", "1.50"), record("c", "销户", "9.00")]
    found = list(changes(old, new, ITEMS))
    assert [(one.change, one.number) for one in found] == [
        (Change.CHANGED, 1),
        (Change.CHANGED, 2),
        (Change.ADDED, 3),
    ]
    assert [(i.before, i.after) for one in found[:2] for i in one.items] == [
        ("2.00", "3.00"),
        ("1.00", "1.50"),
    ]
    assert [i.after for i in found[2].items] == ["测试", "c", "销户", "9.00"]


def test_what_is_like_nothing_is_gone_and_added():
    found = list(changes([record("a", "正常", "1.00")], [record("b", "销户", "2.00")], ITEMS))
    assert [one.change for one in found] == [Change.GONE, Change.ADDED]


RECORDS = st.lists(
    st.tuples(st.just("测试"), st.sampled_from("ab"), st.sampled_from("xy"), st.sampled_from("12")),
    max_size=5,
)


@given(RECORDS, RECORDS)
def test_every_record_is_the_same_paired_gone_or_added_once(old, new):
    found = list(changes(old, new, ITEMS))
    gone = sum(one.change is Change.GONE for one in found)
    added = sum(one.change is Change.ADDED for one in found)
    assert len(old) - gone == len(new) - added >= 0
    assert bool(found) == (sorted(old) != sorted(new))
    for one in found:
        assert one.items
        assert all(i.before != i.after for i in one.items if one.change is Change.CHANGED)
