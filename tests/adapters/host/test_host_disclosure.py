"""The gate: whatever a connector returns, person by person only what was approved leaves."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta, timezone
from decimal import Decimal

import pytest

from adapters.contract import Lookup, LookupResult, Subject, SubjectOutcome, not_answerable
from adapters.host.disclosure import CODES, disclose, nobody, together
from bus.model.messages import OutcomeKind
from schemas.records import decode_record
from schemas.resources import resources

NOW = datetime(2026, 3, 2, 2, 0, tzinfo=UTC)
LOAN = resources()["housing-fund-loan"]
FOUND, NOT_FOUND = OutcomeKind.FOUND, OutcomeKind.NOT_FOUND
NOT_ANSWERABLE = OutcomeKind.NOT_ANSWERABLE
PERSONS = tuple(Subject(n, f"测试{n}", "111", f"99000019800101{n:03d}X") for n in (1, 2, 3))
ASKED = Lookup(
    "housing-fund-loan", ("name", "id_type", "id_number", "granted_amount"), None, None, PERSONS
)


def record(n, **changed):
    person = PERSONS[n - 1]
    own = {"name": person.name, "id_type": "111", "id_number": person.id_number}
    return own | {"granted_amount": Decimal("1200.50")} | changed


def found(n, *records):
    return SubjectOutcome(n, FOUND, None, records or (record(n),))


OTHERS = (found(2), SubjectOutcome(3, NOT_FOUND))


def gate(*outcomes, as_of=NOW, names="", lookup=ASKED):
    return disclose(lookup, 4, LOAN, LookupResult(as_of, outcomes), NOW, names)


def first(*outcomes, **given):
    """The code of person 1, the others being in order, which must not suffer."""
    disclosed = gate(*outcomes, *OTHERS, **given)
    one, two, three = disclosed.outcomes
    assert (two.outcome, three.outcome) == (FOUND, NOT_FOUND)
    assert [o.reference for o in disclosed.outcomes] == [1, 2, 3]
    if one.outcome is not NOT_ANSWERABLE:
        return one.outcome
    assert (one.records, disclosed.held) == ((), {one.code: 1})
    assert one.code in CODES
    return one.code


def test_what_is_in_order_leaves_whole():
    disclosed = gate(found(1), *OTHERS)
    one = disclosed.outcomes[0]
    assert (one.line, one.outcome, one.code) == (4, FOUND, None)
    values = {k: v for k, v in decode_record(LOAN, one.records[0]).items() if v is not None}
    assert values == record(1)
    assert (disclosed.as_of, disclosed.held) == (NOW, {})
    assert [disclosed.count(kind) for kind in OutcomeKind] == [2, 1, 0]


@pytest.mark.requirement("R052")
@pytest.mark.parametrize("extra", [{"principal_repaid": Decimal(1)}, {"no_such_item": 1}, {7: "x"}])
def test_an_item_not_asked_for_holds_the_whole_person_back(extra):
    assert first(found(1, record(1) | extra)) == "ITEM_UNASKED"


def test_one_record_too_many_of_somebody_holds_all_of_them_back():
    assert first(found(1, record(1), record(2))) == "RECORD_OF_ANOTHER"


@pytest.mark.parametrize(
    ("changed", "code"),
    [
        ({"id_number": PERSONS[1].id_number}, "RECORD_OF_ANOTHER"),
        ({"id_type": "414"}, "RECORD_OF_ANOTHER"),
        ({"name": "另一人"}, "NAME_MISMATCH"),
        ({"name": " 测试１ "}, FOUND),
        ({"id_number": PERSONS[0].id_number.lower()}, FOUND),
        ({"name": None, "id_type": None, "id_number": None}, FOUND),
    ],
)
def test_a_record_says_of_whom_it_is(changed, code):
    assert first(found(1, record(1, **changed))) == code


def test_a_name_that_differs_leaves_where_the_resources_policy_says_so():
    assert first(found(1, record(1, name="另一人")), names="answer") == FOUND
    assert first(found(1, record(1, name="另一人")), names="not_found") == "NAME_MISMATCH"
    another = record(1, id_number=PERSONS[1].id_number)
    assert first(found(1, another), names="answer") == "RECORD_OF_ANOTHER"


class Odd:
    """A value that cannot even be looked at."""

    def __eq__(self, other):
        raise RuntimeError("测试1")

    __hash__ = None


@pytest.mark.requirement("R072")
@pytest.mark.parametrize(
    "value", ["很多", Decimal("1.005"), Decimal("NaN"), 1e300, True, b"1", date.min, Odd(), [1]]
)
def test_a_value_that_its_item_cannot_hold_holds_the_person_back(value):
    assert first(found(1, record(1, granted_amount=value))) == "VALUE_INVALID"


def test_a_code_that_is_none_of_its_table_holds_the_person_back():
    assert first(found(1, record(1, id_type="身份证明"))) == "VALUE_INVALID"


@pytest.mark.requirement("R073")
def test_silence_is_no_not_found():
    assert first() == "OUTCOME_MISSING"


def test_two_outcomes_of_one_person_are_none():
    assert first(found(1), SubjectOutcome(1, NOT_FOUND)) == "OUTCOME_TWICE"


@pytest.mark.parametrize(
    "outcome",
    [
        SubjectOutcome(1, FOUND),
        SubjectOutcome(1, FOUND, "A_CODE", (record(1),)),
        SubjectOutcome(1, NOT_FOUND, "A_CODE"),
        SubjectOutcome(1, NOT_FOUND, None, (record(1),)),
        SubjectOutcome(1, NOT_ANSWERABLE),
        SubjectOutcome(1, NOT_ANSWERABLE, "A_CODE", (record(1),)),
        SubjectOutcome(1, "FOUND", None, (record(1),)),
        SubjectOutcome(1, FOUND, None, None),
        SubjectOutcome(1, FOUND, None, ("测试1",)),
    ],
    ids=str,
)
def test_an_outcome_that_contradicts_itself_is_none(outcome):
    assert first(outcome) == "OUTCOME_MALFORMED"


@pytest.mark.parametrize("code", ["测试1", PERSONS[0].id_number, "x" * 200, 5])
def test_a_code_carries_nobodys_number(code):
    assert first(not_answerable(1, code)) == "CODE_UNSAFE"


def test_a_code_that_is_one_goes_out():
    disclosed = gate(not_answerable(1, "TIME_MISSING"), *OTHERS)
    assert (disclosed.outcomes[0].code, disclosed.held) == ("TIME_MISSING", {})


@pytest.mark.parametrize("reference", [9, True, "1", None])
def test_an_outcome_of_nobody_asked_about_is_dropped_and_counted(reference):
    disclosed = gate(found(1), *OTHERS, SubjectOutcome(reference, NOT_FOUND))
    assert disclosed.held == {"OUTCOME_UNASKED": 1}
    assert [o.outcome for o in disclosed.outcomes] == [FOUND, FOUND, NOT_FOUND]


def test_what_is_no_outcome_is_dropped_and_counted():
    assert gate(found(1), *OTHERS, "测试1").held == {"OUTCOME_UNASKED": 1}


class Endless:
    def __iter__(self):
        raise RuntimeError("测试1")


@pytest.mark.parametrize(
    "result",
    [None, "测试1", LookupResult(NOW, None), LookupResult(NOW, Endless())],
    ids=["none", "text", "no outcomes", "outcomes that cannot be read"],
)
def test_what_is_no_result_answers_nobody(result):
    disclosed = disclose(ASKED, 4, LOAN, result, NOW, "")
    assert {(o.outcome, o.code) for o in disclosed.outcomes} == {
        (NOT_ANSWERABLE, "RESULT_MALFORMED")
    }
    assert (disclosed.as_of, disclosed.held) == (NOW, {"RESULT_MALFORMED": 3})


@pytest.mark.requirement("R072")
@pytest.mark.parametrize(
    "as_of",
    [
        *(NOW.replace(tzinfo=None), NOW + timedelta(minutes=3), date(2026, 3, 2), None, "昨天"),
        datetime.min.replace(tzinfo=timezone(timedelta(hours=8))),
        datetime.max.replace(tzinfo=timezone(-timedelta(hours=8))),
    ],
    ids=str,
)
def test_an_as_of_time_that_is_none_answers_nobody(as_of):
    disclosed = gate(found(1), *OTHERS, as_of=as_of)
    assert {o.code for o in disclosed.outcomes} == {"AS_OF_INVALID"}
    assert disclosed.as_of == NOW


@pytest.mark.requirement("R072")
def test_an_as_of_time_is_utc_and_never_later_than_now():
    there = timezone(timedelta(hours=8))
    assert gate(*OTHERS, as_of=NOW + timedelta(minutes=1)).as_of == NOW
    told = gate(*OTHERS, as_of=datetime(2026, 3, 1, 8, 0, tzinfo=there)).as_of
    assert (told, told.tzinfo) == (datetime(2026, 3, 1, tzinfo=UTC), UTC)


class Fickle(Mapping):
    """Shows what was asked for when it is looked at first, and more each time after."""

    def __init__(self):
        self.looked = 0

    def __getitem__(self, name):
        return record(1)[name]

    def __len__(self):
        return 4

    def __iter__(self):
        self.looked += 1
        yield from record(1)
        if self.looked > 1:
            yield "principal_repaid"


def test_what_is_checked_is_what_is_sent():
    assert first(found(1, Fickle())) == FOUND


def test_bites_are_put_together_and_are_as_old_as_the_oldest():
    older = replace(gate(not_answerable(1, "测试1"), *OTHERS), as_of=NOW - timedelta(days=1))
    whole = together([gate(found(1), *OTHERS), older, nobody(ASKED, 4, "ITEM_UNKNOWN", NOW)])
    assert whole.as_of == NOW - timedelta(days=1)
    assert len(whole.outcomes) == 9
    assert whole.held == {"CODE_UNSAFE": 1}
