from __future__ import annotations

import pytest
from rules_samples import TODAY, member, resident_number

from bus.rules.persons import check_persons, person_warnings, plausible_name, same_name


def found(*members):
    return [(finding.code, finding.where) for finding in check_persons(members, TODAY)]


def test_a_proper_list_has_no_finding():
    assert found(member(1, relation="01"), member(2, relation="10")) == []


@pytest.mark.parametrize(
    "name", ["王五", "李〇", "阿卜杜拉·买买提", "Anna-Maria O'Neil", "㐀𠀀", "\ue000某"]
)
def test_names_that_registers_hold_pass(name):
    assert plausible_name(name)


@pytest.mark.parametrize(
    "name", ["", " ", "王5", "王５", "王\n五", "王\u200b五", "\ud800", "王" * 61]
)
def test_what_can_be_no_name_is_refused(name):
    assert not plausible_name(name)
    assert found(member(3, name=name)) == [("PERSON_NAME", "名单 第 3 人 姓名")]


def test_names_differ_by_more_than_blanks_and_width():
    assert same_name("王 五", "王五")
    assert same_name("ＡＮＮＡ", "ANNA")
    assert not same_name("王五", "王伍")


@pytest.mark.requirement("R070")
@pytest.mark.parametrize(
    ("changes", "code", "field"),
    [
        ({"id_type": "000"}, "ID_TYPE_UNKNOWN", "证件号码"),
        ({"id_number": ""}, "ID_NUMBER_EMPTY", "证件号码"),
        ({"id_number": "990000850601001"}, "ID_NUMBER_OLD", "证件号码"),
        ({"reason": " "}, "PERSON_REASON", "申请原因"),
        ({"reason": "因" * 201}, "PERSON_REASON", "申请原因"),
    ],
)
def test_each_field_of_a_person_is_checked(changes, code, field):
    assert found(member(4, **changes)) == [(code, f"名单 第 4 人 {field}")]


@pytest.mark.requirement("R058")
@pytest.mark.parametrize(
    ("changes", "code", "field"),
    [
        ({"household": ""}, "HOUSEHOLD_MISSING", "家庭编号"),
        ({"household": "1" * 201}, "HOUSEHOLD_MISSING", "家庭编号"),
        ({"relation": ""}, "RELATION_UNKNOWN", "与申请人关系"),
        ({"relation": "配偶"}, "RELATION_UNKNOWN", "与申请人关系"),
    ],
)
def test_household_and_relation_are_mandatory(changes, code, field):
    assert found(member(4, **changes)) == [(code, f"名单 第 4 人 {field}")]


@pytest.mark.requirement("R058")
def test_a_person_stands_once_and_in_one_household():
    number = resident_number(serial=500)
    twice = [member(1, id_number=number), member(2), member(3, id_number=number)]
    assert found(*twice) == [("PERSON_TWICE", "名单 第 1、3 人")]
    apart = [member(1, id_number=number), member(2, id_number=number, household="2")]
    assert found(*apart) == [("PERSON_TWO_HOUSEHOLDS", "名单 第 1、2 人")]


def test_the_same_text_under_another_type_is_another_person():
    assert (
        found(
            member(1, id_type="414", id_number="12345678"),
            member(2, id_type="511", id_number="12345678"),
        )
        == []
    )


def test_missing_numbers_are_no_duplicates():
    codes = [code for code, _ in found(member(1, id_number=""), member(2, id_number=""))]
    assert codes == ["ID_NUMBER_EMPTY", "ID_NUMBER_EMPTY"]


@pytest.mark.requirement("R058")
@pytest.mark.parametrize("relation", ["01", "02"])
def test_a_household_has_one_applicant_and_one_head(relation):
    assert found(member(1, relation=relation), member(2, relation=relation)) == [
        ("RELATION_TWICE", "名单 第 1、2 人")
    ]
    assert found(member(1, relation=relation), member(2, relation=relation, household="2")) == []


def test_an_unlikely_area_is_only_a_warning():
    odd = member(2, id_number=resident_number(area="990009"))
    assert found(member(1), odd) == []
    (warning,) = person_warnings([member(1), odd])
    assert (warning.code, warning.where) == ("ID_NUMBER_AREA", "名单 第 2 人 证件号码")


def test_no_finding_holds_a_value():
    number = resident_number(serial=77)
    wrong = number[:-1] + ("1" if number[-1] != "1" else "2")
    bad = [
        member(1, name="欧阳9", id_number=wrong, household="诸葛家", reason="", relation="司马"),
        member(2, name="欧阳9", id_number=wrong, household="司徒家"),
    ]
    findings = check_persons(bad, TODAY)
    assert len(findings) == 7
    for finding in findings:
        text = finding.zh + finding.en + finding.where
        assert not any(value in text for value in ("欧阳", "诸葛", "司马", "司徒", wrong[6:14]))
