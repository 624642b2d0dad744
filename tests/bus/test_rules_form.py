from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta

import pytest
from rules_samples import TODAY, application, draft, draft_person, parts, request

from bus.model.request import Contact, Declaration, PartDigest
from bus.rules.form import check_application, check_draft


def codes_of(**changes):
    return [finding.code for finding in check_draft(draft(**changes), TODAY)]


@pytest.mark.requirement("R021")
def test_a_form_properly_filled_in_has_no_finding():
    assert check_draft(draft(), TODAY) == ()
    sent, _, _ = parts([3])
    assert check_application(sent, TODAY) == ()


ADDRESSEE = pytest.mark.requirement("R041")
LEGAL = pytest.mark.requirement("R041")
AUTHORITY = pytest.mark.requirement("R042")
BUSINESS = pytest.mark.requirement("R043")
COUNT = pytest.mark.requirement("R044")
TEXT = pytest.mark.requirement("R045")
SCOPE = pytest.mark.requirement("R046")
LIST = pytest.mark.requirement("R047")
CONTACT = pytest.mark.requirement("R048")
IN_FORCE = pytest.mark.requirement("R040")
PURPOSE = pytest.mark.requirement("R033")
MANDATORY = pytest.mark.requirement("R021")


def case(changes, code, where, mark):
    return pytest.param(changes, code, where, marks=mark, id=f"{code}-{where}")


@pytest.mark.parametrize(
    ("changes", "code", "where"),
    [
        case({"addressee": "民政部"}, "FORM_ADDRESSEE", "申请 受文单位", ADDRESSEE),
        case({"addressee": ""}, "FORM_ADDRESSEE", "申请 受文单位", ADDRESSEE),
        case({"legal_basis": "国务院令第650号"}, "FORM_LEGAL_BASIS", "申请 法律依据", LEGAL),
        case({"authority": " "}, "FORM_AUTHORITY", "申请 审批机关", AUTHORITY),
        case({"authority": "某" * 1001}, "FORM_AUTHORITY_LONG", "申请 审批机关", AUTHORITY),
        case({"business_text": ""}, "FORM_BUSINESS", "申请 业务", BUSINESS),
        case({"business": "other"}, "FORM_BUSINESS_UNKNOWN", "申请 业务类别", MANDATORY),
        case({"business_text": "医疗救助"}, "FORM_BUSINESS_DIFFERS", "申请 业务", BUSINESS),
        case({"purpose": "\u3000"}, "FORM_PURPOSE", "申请 用途", PURPOSE),
        case({"person_count": 3}, "FORM_PERSON_COUNT", "申请 查询人数", COUNT),
        case({"person_count": 1}, "FORM_PERSON_COUNT", "申请 查询人数", COUNT),
        case({"first_named": ""}, "FORM_FIRST_NAMED", "申请 首位被查询人", COUNT),
        case({"first_named": "测试乙"}, "FORM_FIRST_NAMED_DIFFERS", "申请 首位被查询人", COUNT),
        case({"query_text": ""}, "FORM_QUERY_TEXT", "申请 查询事项", TEXT),
        case(
            {"declaration": Declaration(authorised=False, scope="全国各核对机构")},
            "FORM_NOT_AUTHORISED",
            "申请 授权声明",
            SCOPE,
        ),
        case(
            {"declaration": Declaration(authorised=True, scope="山东省各核对机构")},
            "FORM_SCOPE",
            "申请 授权范围",
            SCOPE,
        ),
        case(
            {"list_submitted_on": TODAY, "applied_on": TODAY - timedelta(days=1)},
            "FORM_LIST_DATE",
            "申请 名单提交日期",
            LIST,
        ),
        case({"contact": Contact("", "0531-0000000")}, "FORM_CONTACT", "申请 联系人", CONTACT),
        case({"contact": Contact("甲", "")}, "FORM_PHONE", "申请 联系电话", CONTACT),
        case({"contact": Contact("甲", "无")}, "FORM_PHONE", "申请 联系电话", CONTACT),
        case({"contact": Contact("甲", "12345")}, "FORM_PHONE", "申请 联系电话", CONTACT),
        case(
            {"applied_on": TODAY + timedelta(days=1)},
            "FORM_DATE_FUTURE",
            "申请 申请日期",
            CONTACT,
        ),
        case(
            {"applied_on": date(2018, 12, 17), "list_submitted_on": date(2018, 12, 17)},
            "FORM_DATE_BEFORE_RULES",
            "申请 申请日期",
            IN_FORCE,
        ),
    ],
)
def test_each_fault_is_found_alone_with_its_place(changes, code, where):
    (finding,) = check_draft(draft(**changes), TODAY)
    assert (finding.code, finding.where) == (code, where)
    assert finding.zh
    assert finding.en


@pytest.mark.requirement("R040")
def test_the_first_day_in_force_counts():
    day = date(2018, 12, 18)
    assert codes_of(applied_on=day, list_submitted_on=day) == []


@pytest.mark.requirement("R047")
def test_a_list_of_tomorrow_is_refused_even_with_a_form_of_tomorrow():
    tomorrow = TODAY + timedelta(days=1)
    found = codes_of(applied_on=tomorrow, list_submitted_on=tomorrow)
    assert found == ["FORM_LIST_DATE", "FORM_DATE_FUTURE"]


@pytest.mark.requirement("R041")
@pytest.mark.parametrize(
    "changes",
    [
        {"addressee": " 民政部低收入家庭认定指导中心："},
        {"legal_basis": "国务院令第 ６４９ 号"},
        {"declaration": Declaration(authorised=True, scope=" 全国 各核对机构")},
        {"business_text": "城乡低保年度复核"},
        {"business_text": "低保"},
        {"first_named": "测 试甲"},
        {"contact": Contact("甲", "(0531) 0000 0000 转 801")},
        {"contact": Contact("甲", "＋86-13000000000")},
    ],
)
def test_blanks_width_and_free_wording_are_no_faults(changes):
    assert codes_of(**changes) == []


@pytest.mark.requirement("R044")
def test_an_empty_list_never_matches_its_count():
    assert codes_of(persons=(), person_count=0) == ["FORM_PERSON_COUNT"]


@pytest.mark.requirement("R021")
def test_every_fault_is_reported_at_once():
    found = codes_of(
        addressee="",
        legal_basis="",
        authority="",
        business_text="",
        business="",
        purpose="",
        first_named="",
        person_count=0,
        query_text="",
        declaration=Declaration(authorised=False, scope=""),
        contact=Contact("", ""),
    )
    assert len(found) == len(set(found)) == 13


@pytest.mark.requirement("R044")
def test_an_application_is_counted_by_its_roster_parts_alone():
    listed = (
        PartDigest("Roster", 1, bytes(32), 2),
        PartDigest("Consent", 1, bytes(32), 2),
        PartDigest("Roster", 2, bytes(32), 1),
    )
    assert check_application(application(request(), listed, 3), TODAY) == ()
    (finding,) = check_application(application(request(), listed, 5), TODAY)
    assert finding.code == "FORM_PERSON_COUNT"


def test_no_finding_repeats_what_stands_in_a_field():
    filled = draft(
        first_named="欧阳测试",
        persons=(draft_person(1, name="司马测试"),),
        contact=Contact("诸葛测试", "零零零"),
    )
    for finding in check_draft(filled, TODAY):
        text = finding.zh + finding.en + finding.where
        assert not any(name in text for name in ("欧阳", "司马", "诸葛", "零零零"))


def test_the_business_of_an_application_is_its_requests():
    sent, _, _ = parts([1])
    asked = replace(sent.request, business="none", purpose="")
    found = check_application(replace(sent, request=asked), TODAY)
    assert [f.code for f in found] == [
        "FORM_BUSINESS_UNKNOWN",
        "FORM_PURPOSE",
    ]
