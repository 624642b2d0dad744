from __future__ import annotations

from datetime import date

import pytest
from rules_samples import TODAY, member, resident_number

from bus.rules.households import household_warnings

pytestmark = pytest.mark.requirement("R058")

MINOR = resident_number(date(2015, 1, 1))


def found(*members):
    return [(warning.code, warning.where) for warning in household_warnings(members, TODAY)]


def test_a_household_with_its_applicant_or_head_is_passed_over():
    assert found(member(1, relation="01"), member(2), member(3, household="2", relation="02")) == []


def test_a_household_without_applicant_or_head_may_lack_a_member():
    ours = (member(1, relation="01"), member(2, household="2"), member(3, household="2"))
    assert found(*ours) == [("HOUSEHOLD_NO_APPLICANT", "名单 第 2、3 人")]


def test_a_household_of_minors_alone_may_lack_a_member():
    child = member(4, relation="01", id_number=MINOR)
    assert found(child) == [("HOUSEHOLD_MINORS_ONLY", "名单 第 4 人")]
    assert found(child, member(5)) == []


def test_a_household_is_one_whatever_the_blanks_in_its_label():
    assert found(member(1, relation="01"), member(2, household=" １ ")) == []
