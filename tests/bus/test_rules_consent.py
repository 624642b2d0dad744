from __future__ import annotations

from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rules_samples import draft, draft_person, member, parts, resident_number

from bus.rules.consent import check_consent, is_minor, review_consents
from bus.rules.members import members_of_draft, members_of_parts

APPLIED = date(2026, 5, 20)
BEFORE = date(2026, 5, 1)


def codes_of(**changes):
    return [finding.code for finding in check_consent(member(7, **changes), APPLIED, APPLIED)]


@pytest.mark.requirement("R022")
def test_a_consent_in_order_has_no_finding():
    assert codes_of() == []


@pytest.mark.requirement("R022")
@pytest.mark.parametrize("document", ["", "  "])
def test_a_person_without_a_document_is_found(document):
    (finding,) = check_consent(member(7, document=document), APPLIED, APPLIED)
    assert (finding.code, finding.where) == ("CONSENT_MISSING", "名单 第 7 人 授权书")


@pytest.mark.requirement("R068")
def test_no_request_before_authorisation():
    assert codes_of(authorised_on=APPLIED) == []
    assert codes_of(authorised_on=APPLIED + timedelta(days=1)) == ["CONSENT_LATE"]


@pytest.mark.requirement("R022")
@pytest.mark.parametrize(
    ("born", "on", "minor"),
    [
        (date(2008, 5, 2), date(2026, 5, 1), True),
        (date(2008, 5, 1), date(2026, 5, 1), False),
        (date(2008, 2, 29), date(2026, 2, 28), True),
        (date(2008, 2, 29), date(2026, 3, 1), False),
        (date(1985, 6, 1), date(2026, 5, 1), False),
    ],
)
def test_a_minor_is_younger_than_18_on_the_day(born, on, minor):
    assert is_minor("111", resident_number(born), on) is minor


@given(st.dates(date(1950, 1, 1), date(2020, 12, 31)), st.integers(0, 40 * 365))
def test_nobody_becomes_a_minor_again(born, days):
    number = resident_number(born)
    on = born + timedelta(days=days)
    assert is_minor("111", number, on) or not is_minor("111", number, on + timedelta(days=1))


def test_a_number_without_a_birth_date_tells_no_age():
    assert not is_minor("414", "E00000000", BEFORE)


@pytest.mark.requirement("R022")
@pytest.mark.parametrize(
    ("guardian", "codes"),
    [
        ("监护人甲", []),
        (None, ["GUARDIAN_MISSING"]),
        (" ", ["GUARDIAN_MISSING"]),
        ("测试甲", ["GUARDIAN_MISSING"]),
    ],
)
def test_a_minor_needs_a_guardian_who_is_another_person(guardian, codes):
    number = resident_number(date(2015, 1, 1))
    assert codes_of(id_number=number, guardian=guardian) == codes


@pytest.mark.requirement("R022")
def test_who_came_of_age_before_the_query_but_after_the_authorisation_still_needs_one():
    number = resident_number(BEFORE.replace(year=2008) + timedelta(days=5))
    assert codes_of(id_number=number, authorised_on=BEFORE) == ["GUARDIAN_MISSING"]


@pytest.mark.requirement("R022")
def test_an_adult_may_have_a_guardian():
    assert codes_of(guardian="监护人甲") == []


@pytest.mark.requirement("R067")
def test_one_member_missing_refuses_the_household_and_no_other():
    members = [
        member(1, household="1"),
        member(2, household="2"),
        member(3, household="1", document=""),
        member(4, household="2"),
        member(5, household="1"),
    ]
    review = review_consents(members, APPLIED, APPLIED)
    assert review.refused == {1, 3, 5}
    assert [(f.code, f.where) for f in review.findings] == [
        ("CONSENT_MISSING", "名单 第 3 人 授权书"),
        ("HOUSEHOLD_REFUSED", "名单 第 1、3、5 人"),
    ]


@pytest.mark.requirement("R067")
@given(st.lists(st.tuples(st.integers(1, 4), st.booleans()), max_size=30))
def test_refused_are_exactly_the_households_with_a_fault(rows):
    members = [
        member(at, household=str(household), document="授权书" if given_ else "")
        for at, (household, given_) in enumerate(rows, 1)
    ]
    faulty = {household for household, given_ in rows if not given_}
    expected = {at for at, (household, _) in enumerate(rows, 1) if household in faulty}
    review = review_consents(members, APPLIED, APPLIED)
    assert review.refused == expected
    assert bool(review.findings) == bool(expected)


def test_findings_never_name_the_household():
    review = review_consents([member(1, household="欧阳测试家", document="")], APPLIED, APPLIED)
    assert review.findings
    assert all("欧阳" not in f.zh + f.en + f.where for f in review.findings)


def test_a_long_household_is_cut_short():
    members = [member(at, document="") for at in range(1, 31)]
    where = review_consents(members, APPLIED, APPLIED).findings[-1].where
    assert where == "名单 第 " + "、".join(map(str, range(1, 21))) + "等 人"


def test_members_are_the_same_from_a_draft_and_from_parts():
    of_draft = members_of_draft(draft(persons=(draft_person(1), draft_person(2, household="2"))))
    assert [(m.reference, m.household) for m in of_draft] == [(1, "1"), (2, "2")]
    _, rosters, consents = parts([2, 1])
    assert [m.reference for m in members_of_parts(reversed(rosters), consents)] == [1, 2, 3]
    assert [m.reference for m in members_of_parts(rosters, consents[1:])] == [3]


@pytest.mark.requirement("R022")
@pytest.mark.requirement("R046")
@pytest.mark.parametrize(
    ("scope", "codes"),
    [
        ("全国各核对机构", []),
        ("全国 各核对机构", []),
        ("", []),
        ("山东省核对机构", ["CONSENT_SCOPE"]),
        ("全国", ["CONSENT_SCOPE"]),
    ],
)
def test_a_registered_scope_is_that_of_the_declaration_and_none_is_not_judged(scope, codes):
    assert codes_of(scope=scope) == codes


@pytest.mark.requirement("R022")
@pytest.mark.parametrize(
    ("until", "today", "codes"),
    [
        (None, APPLIED, []),
        (APPLIED, APPLIED, []),
        (APPLIED - timedelta(days=1), APPLIED, ["CONSENT_EXPIRED"]),
        # It was valid when the form was written and is not on the day the hub looks.
        (APPLIED, APPLIED + timedelta(days=1), ["CONSENT_EXPIRED"]),
        (BEFORE - timedelta(days=1), BEFORE, ["CONSENT_EXPIRED"]),
    ],
)
def test_an_authorisation_that_has_run_out_is_none(until, today, codes):
    found = check_consent(member(7, valid_until=until, authorised_on=BEFORE), APPLIED, today)
    assert [finding.code for finding in found] == codes
    assert all(finding.where == "名单 第 7 人 授权有效期" for finding in found)


@pytest.mark.requirement("R067")
def test_a_household_written_in_two_ways_is_one_household():
    members = [member(1, household="H1", document=""), member(2, household="Ｈ 1")]
    assert review_consents(members, APPLIED, APPLIED).refused == {1, 2}
