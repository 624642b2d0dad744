"""Batch in, batch out: one outcome a person, and nothing that was not asked for."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from decimal import Decimal

import pytest

from adapters.contract import (
    Lookup,
    PersonFaultError,
    Remark,
    SubjectOutcome,
    complete,
    counted,
    none_answerable,
    not_answerable,
)
from adapters.records import to_records
from bus.errors import DefectError
from bus.model.messages import OutcomeKind
from schemas.records import decode_record, encode_record
from schemas.resources import resources

FOUND = OutcomeKind.FOUND
ACCOUNT = resources()["housing-fund-account"]


@pytest.mark.requirement("R072")
def test_each_person_has_one_outcome_in_the_order_asked(person, ask):
    lookup = ask(person(3), person(1), person(2))
    found = [
        SubjectOutcome(1, OutcomeKind.NOT_FOUND),
        SubjectOutcome(3, FOUND, None, ({"amount": Decimal("1.00")},)),
    ]
    outcomes = complete(lookup, found)
    assert [outcome.reference for outcome in outcomes] == [3, 1, 2]
    assert [outcome.kind for outcome in outcomes[:2]] == [FOUND, OutcomeKind.NOT_FOUND]
    assert outcomes[2] == not_answerable(2, "OUTCOME_MISSING")


@pytest.mark.parametrize(
    ("code", "outcomes"),
    [
        ("OUTCOME_UNASKED", [SubjectOutcome(9, OutcomeKind.NOT_FOUND)]),
        ("OUTCOME_TWICE", [SubjectOutcome(1, OutcomeKind.NOT_FOUND)] * 2),
        ("OUTCOME_MALFORMED", [SubjectOutcome(1, FOUND)]),
        ("OUTCOME_MALFORMED", [SubjectOutcome(1, OutcomeKind.NOT_ANSWERABLE)]),
        ("OUTCOME_MALFORMED", [SubjectOutcome(1, OutcomeKind.NOT_FOUND, "CODE")]),
        ("OUTCOME_MALFORMED", [SubjectOutcome(1, OutcomeKind.NOT_FOUND, None, ({},))]),
        ("ITEM_UNASKED", [SubjectOutcome(1, FOUND, None, ({"account": "1"},))]),
    ],
)
def test_a_connector_that_breaks_the_contract_is_stopped(person, ask, code, outcomes):
    with pytest.raises(DefectError) as caught:
        complete(ask(person(1)), outcomes)
    assert caught.value.code == code


@pytest.mark.parametrize(
    "change",
    [
        {"items": ()},
        {"time_from": date(2024, 1, 1)},
        {"time_to": date(2024, 1, 1)},
        {"time_from": date(2024, 1, 2), "time_to": date(2024, 1, 1)},
    ],
)
def test_a_lookup_that_makes_no_sense_is_a_defect(person, ask, change):
    with pytest.raises(DefectError, match="LOOKUP_MALFORMED"):
        replace(ask(person(1)), **change)


def test_a_reference_stands_once_in_a_lookup(person):
    with pytest.raises(DefectError, match="LOOKUP_MALFORMED"):
        Lookup("housing-fund-account", ("name",), None, None, (person(1), person(1)))


def test_a_printed_lookup_and_outcome_hold_no_personal_data(person, ask):
    subject = person(1)
    outcome = SubjectOutcome(1, FOUND, None, ({"name": subject.name},))
    printed = repr(ask(subject)) + repr(outcome)
    assert subject.name not in printed
    assert subject.id_number not in printed


def test_nobody_answerable_still_names_everybody(person, ask, now):
    result = none_answerable(ask(person(1), person(2)), "RESOURCE_NOT_OFFERED", now)
    assert result.outcomes == tuple(not_answerable(n, "RESOURCE_NOT_OFFERED") for n in (1, 2))
    assert result.remarks == (Remark("RESOURCE_NOT_OFFERED", "housing-fund-withdrawal", 2),)
    assert result.as_of == now


def test_records_hold_the_items_asked_for_and_no_other():
    row = {"balance": "12.30", "account": "0012", "name": "测试", "salary": 5}
    records = to_records(ACCOUNT, ("balance", "opened_on"), [row])
    assert records == ({"balance": Decimal("12.30"), "opened_on": None},)


def test_records_go_through_the_resources_schema():
    row = {"balance": 12.5, "account": " 0012 ", "opened_on": "20240131", "id_type": "身份证"}
    (record,) = to_records(ACCOUNT, tuple(row), [row])
    decoded = decode_record(ACCOUNT, encode_record(ACCOUNT, record))
    assert decoded["balance"] == Decimal("12.50")
    assert decoded["account"] == "0012"
    assert decoded["opened_on"] == date(2024, 1, 31)
    assert decoded["id_type"] == "111"
    assert decoded["status"] is None


def test_one_bad_value_fails_the_person_and_is_not_repeated():
    rows = [{"balance": "1.00"}, {"balance": "12.345"}]
    with pytest.raises(PersonFaultError) as caught:
        to_records(ACCOUNT, ("balance",), rows)
    assert caught.value.code == "VALUE_INVALID"
    assert caught.value.where == "housing-fund-account.balance"
    assert "12.345" not in str(caught.value)
    assert caught.value.__suppress_context__


def test_an_item_the_resource_has_not_is_refused():
    with pytest.raises(PersonFaultError) as caught:
        to_records(ACCOUNT, ("balance", "salary"), [])
    assert (caught.value.code, caught.value.where) == (
        "ITEM_UNKNOWN",
        "housing-fund-account.salary",
    )


def test_faults_are_counted_by_code_and_place():
    assert counted([("B", "y"), ("A", "x"), ("B", "y")]) == (
        Remark("A", "x", 1),
        Remark("B", "y", 2),
    )
