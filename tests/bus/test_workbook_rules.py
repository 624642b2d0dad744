"""The rules on a draft, each finding at the cell to mend, all of them at once."""

from __future__ import annotations

from dataclasses import replace
from datetime import date

import pytest
from workbook_samples import (
    FORM_ROW,
    TODAY,
    codes_of,
    draft,
    edited,
    faults_of,
    person,
    resident_number,
    with_cell,
)

from bus.catalog.catalogue import Catalogue, Entry, Provider
from bus.model.request import Contact, Declaration, Draft, DraftLine
from bus.rules.form import ADDRESSEE, DECLARED_SCOPE, LEGAL_BASIS
from bus.workbook.check import DraftPart, check_draft
from bus.workbook.faults import WorkbookFaults
from bus.workbook.parse import parse
from bus.workbook.template import fill
from schemas.resources import resources
from signer.directory.view import RangeAbility

WRONG_NUMBER = resident_number(1)[:-1] + ("1" if resident_number(1)[-1] != "1" else "2")


def with_persons(**changes: object) -> Draft:
    """The sample draft, with fields of the second person changed."""
    first, second, third = draft().persons
    return replace(draft(), persons=(first, replace(second, **changes), third))


@pytest.mark.parametrize(
    ("title", "code", "changed"),
    [
        pytest.param(
            "受文单位",
            "FORM_ADDRESSEE",
            {"addressee": "某厅"},
            marks=pytest.mark.requirement("R041"),
        ),
        pytest.param(
            "法律依据",
            "FORM_LEGAL_BASIS",
            {"legal_basis": "无"},
            marks=pytest.mark.requirement("R041"),
        ),
        pytest.param(
            "审批机关",
            "FORM_AUTHORITY_LONG",
            {"authority": "局" * 1001},
            marks=pytest.mark.requirement("R042"),
        ),
        pytest.param(
            "查询人数",
            "FORM_PERSON_COUNT",
            {"person_count": 4},
            marks=pytest.mark.requirement("R044"),
        ),
        pytest.param(
            "首位被查询人",
            "FORM_FIRST_NAMED_DIFFERS",
            {"first_named": "王小乙"},
            marks=pytest.mark.requirement("R044"),
        ),
        pytest.param(
            "查询事项",
            "FORM_QUERY_TEXT_LONG",
            {"query_text": "查" * 1001},
            marks=pytest.mark.requirement("R045"),
        ),
        pytest.param(
            "授权声明",
            "FORM_NOT_AUTHORISED",
            {"declaration": Declaration(False, "全国各核对机构")},
            marks=pytest.mark.requirement("R046"),
        ),
        pytest.param(
            "授权范围",
            "FORM_SCOPE",
            {"declaration": Declaration(True, "本省")},
            marks=pytest.mark.requirement("R046"),
        ),
        pytest.param(
            "名单提交日期",
            "FORM_LIST_DATE",
            {"list_submitted_on": date(2026, 2, 13)},
            marks=pytest.mark.requirement("R047"),
        ),
        pytest.param(
            "联系电话",
            "FORM_PHONE",
            {"contact": Contact("李样", "无")},
            marks=pytest.mark.requirement("R048"),
        ),
        pytest.param(
            "申请日期",
            "FORM_DATE_FUTURE",
            {"applied_on": date(2026, 2, 13)},
            marks=pytest.mark.requirement("R048"),
        ),
    ],
)
def test_a_rule_on_the_form_names_the_value_cell(title, code, changed):
    data = fill(replace(draft(), **changed))
    assert codes_of(data) == [(f"申请!B{FORM_ROW[title]}", code)]


@pytest.mark.requirement("R053")
def test_a_time_range_that_has_not_begun_names_its_cell():
    line = DraftLine(1, "hub", "marriage", (), date(2026, 3, 1), date(2026, 3, 2))
    assert codes_of(fill(replace(draft(), lines=(line,)))) == [("附表!E3", "TIME_RANGE_FUTURE")]


@pytest.mark.requirement("R021")
def test_a_workbook_without_lines_asks_for_nothing():
    assert codes_of(fill(replace(draft(), lines=()))) == [("附表", "LINES_EMPTY")]


def test_a_workbook_without_persons_lists_nobody():
    data = fill(replace(draft(), persons=()))
    assert codes_of(data) == [("申请!B9", "FORM_PERSON_COUNT"), ("名单", "PERSONS_EMPTY")]


@pytest.mark.requirement("R070")
@pytest.mark.parametrize(
    ("changes", "place", "code"),
    [
        ({"id_number": WRONG_NUMBER}, "E", "ID_NUMBER_CHECK_DIGIT"),
        ({"id_number": "99000019850101"}, "E", "ID_NUMBER_FORM"),
        ({"id_number": "990000850101001"}, "E", "ID_NUMBER_OLD"),
        ({"id_number": "990000198502300014"}, "E", "ID_NUMBER_BIRTH_DATE"),
        ({"id_type": "516"}, "E", "ID_NUMBER_FORM"),
        ({"name": "王5"}, "C", "PERSON_NAME"),
        ({"reason": "因" * 201}, "F", "PERSON_REASON"),
        ({"household": "户" * 201}, "A", "HOUSEHOLD_MISSING"),
    ],
)
def test_a_rule_on_a_person_names_the_cell(changes, place, code):
    assert codes_of(fill(with_persons(**changes))) == [(f"名单!{place}4", code)]


@pytest.mark.requirement("R022")
@pytest.mark.requirement("R068")
def test_an_authorisation_after_the_application_names_its_date():
    data = fill(with_persons(authorised_on=date(2026, 2, 13)))
    assert codes_of(data) == [("名单!H4", "CONSENT_LATE")]


@pytest.mark.requirement("R022")
def test_a_minor_needs_a_guardian():
    data = fill(with_persons(id_number=resident_number(7, "20150601")))
    assert codes_of(data) == [("名单!I4", "GUARDIAN_MISSING")]


@pytest.mark.requirement("R067")
def test_a_missing_authorisation_is_named_where_it_is_missing():
    assert codes_of(fill(with_persons(document=""))) == [("名单!G4", "CELL_MISSING")]


@pytest.mark.parametrize(
    ("serial", "household", "relation", "column", "code"),
    [
        (0, "1", "10", "E", "PERSON_TWICE"),
        (0, "9", "10", "E", "PERSON_TWO_HOUSEHOLDS"),
        (5, "1", "01", "B", "RELATION_TWICE"),
    ],
)
def test_a_clash_of_two_persons_names_both_cells(serial, household, relation, column, code):
    first, second, third = draft().persons
    clash = replace(person(serial, household, relation), name=second.name)
    data = fill(replace(draft(), persons=(first, clash, third)))
    assert codes_of(data) == [(f"名单!{column}3", code), (f"名单!{column}4", code)]


def test_all_faults_are_reported_at_once_in_order():
    def change(book):
        book["申请"]["B5"].value = None
        book["申请"]["B9"].value = 5
        book["附表"]["B3"].value = "月球"
        book["附表"]["E5"].value = "去年"
        book["名单"]["E3"].value = 990000198501010001
        book["名单"]["C4"].value = "=A1"
        book["名单"]["E5"].value = WRONG_NUMBER
        book["名单"].merge_cells("F4:G4")

    assert codes_of(edited(change)) == [
        ("申请!B5", "CELL_MISSING"),
        ("申请!B9", "FORM_PERSON_COUNT"),
        ("附表!B3", "PROVIDER_UNKNOWN"),
        ("附表!E5", "TIME_RANGE_FORMAT"),
        ("名单!E3", "ID_NUMBER_AS_NUMBER"),
        ("名单!C4", "CELL_FORMULA"),
        ("名单!F4", "CELL_MERGED"),
        ("名单!G4", "CELL_MISSING"),
        ("名单!E5", "ID_NUMBER_CHECK_DIGIT"),
    ]


def test_an_unreadable_cell_draws_no_faults_after_it():
    assert codes_of(with_cell("名单", "C3", 5)) == [("名单!C3", "CELL_NUMBER")]
    assert codes_of(with_cell("名单", "D4", "证")) == [("名单!D4", "CHOICE_UNKNOWN")]
    assert codes_of(with_cell("名单", "H4", "昨天")) == [("名单!H4", "DATE_FORMAT")]


def test_the_error_is_coded_counts_its_faults_and_holds_no_personal_data():
    bad = with_persons(id_number=WRONG_NUMBER, name="王5")
    with pytest.raises(WorkbookFaults) as caught:
        parse(fill(bad), TODAY)
    error = caught.value
    assert (error.code, error.where, len(error.faults)) == ("WORKBOOK_FAULTS", "名单!C4", 2)
    text = str(error) + repr(error.faults)
    assert "未提交" in text
    for value in (WRONG_NUMBER, "王5", *(listed.id_number for listed in bad.persons)):
        assert value not in text


def test_every_fault_says_what_happened_in_both_languages():
    for fault in faults_of(fill(with_persons(id_number="1", name="1", reason="因" * 300))):
        assert fault.zh
        assert fault.en.isascii()


def test_a_draft_from_elsewhere_is_held_to_the_same_rules():
    bad = replace(
        draft(),
        purpose=" ",
        lines=(DraftLine(1, "790000", " ", (), None, date(2026, 1, 1)),),
    )
    found = {(fault.part, fault.number, fault.field) for fault in check_draft(bad, TODAY)}
    assert found == {
        (DraftPart.FORM, None, "purpose"),
        (DraftPart.LINES, 1, "provider"),
        (DraftPart.LINES, 1, "category"),
        (DraftPart.LINES, 1, "range"),
    }
    assert check_draft(draft(), TODAY) == ()


@pytest.mark.parametrize("code", ["ID_NUMBER_FORM", "ID_NUMBER_CHECK_DIGIT"])
def test_a_faulty_resident_number_is_told_its_form(code):
    number = "99000019850101" if code == "ID_NUMBER_FORM" else WRONG_NUMBER
    (fault,) = faults_of(fill(with_persons(id_number=number)))
    assert (fault.code, fault.allowed) == (
        code,
        "18 位，前 17 位为数字，末位为数字或 X（校验码）",
    )


def test_a_number_of_another_type_is_told_the_form_of_that_type():
    (fault,) = faults_of(fill(with_persons(id_type="516", id_number="12345678")))
    assert (fault.code, fault.allowed) == ("ID_NUMBER_FORM", "H 或 M 后接 8 位数字")


@pytest.mark.parametrize(
    "changes", [{"id_number": draft().persons[0].id_number}, {"relation": "01"}]
)
def test_persons_at_odds_with_each_other_are_told_what_is_allowed(changes):
    faults = faults_of(fill(with_persons(**changes)))
    assert {fault.code for fault in faults} <= {"PERSON_TWICE", "RELATION_TWICE"}
    assert all(fault.allowed for fault in faults)


@pytest.mark.parametrize(
    ("field", "value", "allowed"),
    [
        ("addressee", "其他", ADDRESSEE),
        ("legal_basis", "其他", LEGAL_BASIS),
        ("declaration", Declaration(True, "其他"), DECLARED_SCOPE),
    ],
)
def test_a_prescribed_text_is_shown_where_it_is_missing(field, value, allowed):
    (fault,) = faults_of(fill(replace(draft(), **{field: value})))
    assert fault.allowed == allowed


@pytest.mark.parametrize("field", ["document", "guardian"])
def test_texts_no_rule_limits_are_limited_too(field):
    within, beyond = (with_persons(**{field: "甲" * count}) for count in (200, 201))
    assert check_draft(within, TODAY) == ()
    assert [fault.code for fault in faults_of(fill(beyond))] == ["TEXT_TOO_LONG"]


@pytest.mark.requirement("R053")
@pytest.mark.parametrize(
    ("ability", "code", "allowed"),
    [
        (RangeAbility.LATEST, "TIME_LATEST_ONLY", "留空"),
        (RangeAbility.DAY, "TIME_ONE_DAY_ONLY", "YYYY/MM/DD，或留空"),
        (RangeAbility.PERIOD, "TIME_TOO_FAR_BACK", "资源目录所列可追溯期间之内，或留空"),
    ],
)
def test_a_range_nobody_can_answer_for_is_found_at_its_cell(ability, code, allowed):
    account = resources()["housing-fund-account"]
    names = tuple(item.name for item in account.items)
    back = 1 if ability is RangeAbility.PERIOD else None
    provider = Provider("hub.fund", names, 5, area="hub", range=ability, back_months=back)
    entry = Entry(
        account.name,
        account.category,
        "住房公积金",
        account.zh,
        account.en,
        account.items,
        None,
        (provider,),
    )
    lines = (DraftLine(1, "hub", "住房公积金账户", (), date(2025, 1, 1), date(2025, 12, 31)),)
    found = check_draft(replace(draft(), lines=lines), TODAY, Catalogue(1, (entry,)))
    assert [(f.part, f.number, f.field, f.problem.code, f.problem.allowed) for f in found] == [
        (DraftPart.LINES, 1, "range", code, allowed)
    ]
