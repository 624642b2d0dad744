"""Who may do what, and what a result may be read for."""

from __future__ import annotations

import pytest

from bus.model.operator import OperatorRole
from bus.model.request import Request
from bus.rules.access import MAY, Deed, check_roles, may
from bus.rules.use import check_purpose, check_unit

R = OperatorRole

TABLE = {
    Deed.LOOK: {R.VIEWER, R.SUBMITTER, R.REVIEWER, R.ADMINISTRATOR, R.AUDITOR},
    Deed.CHAIN: {R.ADMINISTRATOR, R.AUDITOR},
    Deed.SUBMIT: {R.SUBMITTER},
    Deed.READ_RESULT: {R.VIEWER, R.SUBMITTER},
    Deed.EXPORT_PROOF: {R.VIEWER, R.SUBMITTER, R.AUDITOR},
    Deed.READ_APPLICATION: {R.REVIEWER},
    Deed.READ_EVIDENCE: {R.SUBMITTER, R.REVIEWER},
    Deed.DECIDE: {R.REVIEWER},
    Deed.DELAY: {R.SUBMITTER, R.REVIEWER},
    Deed.OPERATE: {R.ADMINISTRATOR},
    Deed.ADMIT: {R.ADMINISTRATOR},
    Deed.OPERATORS: {R.ADMINISTRATOR},
    Deed.OWN_TOKEN: {R.VIEWER, R.SUBMITTER, R.REVIEWER, R.ADMINISTRATOR, R.AUDITOR},
    Deed.AUDIT: {R.AUDITOR},
}


@pytest.mark.requirement("R076")
def test_each_act_is_open_to_the_roles_laid_down_and_to_no_other():
    assert set(MAY) == set(Deed) == set(TABLE)
    for deed, roles in TABLE.items():
        assert {role for role in R if may({role}, deed)} == roles
        assert not may((), deed)


@pytest.mark.requirement("R035")
@pytest.mark.parametrize("role", [R.ADMINISTRATOR, R.AUDITOR, R.REVIEWER])
def test_who_runs_audits_or_reviews_reads_no_result(role):
    assert not may({role}, Deed.READ_RESULT)


@pytest.mark.requirement("R076")
@pytest.mark.parametrize(
    ("roles", "codes"),
    [
        ((), ["ROLES_EMPTY"]),
        ((R.ADMINISTRATOR,), []),
        ((R.AUDITOR,), []),
        ((R.VIEWER, R.SUBMITTER, R.REVIEWER), []),
        ((R.ADMINISTRATOR, R.VIEWER), ["ROLES_TOGETHER"]),
        ((R.AUDITOR, R.SUBMITTER), ["ROLES_TOGETHER"]),
        ((R.AUDITOR, R.ADMINISTRATOR), ["ROLES_TOGETHER"]),
    ],
)
def test_which_roles_go_together(roles, codes):
    assert [finding.code for finding in check_roles(roles)] == codes


def request(**changed):
    fields = {
        "nonce": bytes(16),
        "business": "subsistence-allowance",
        "purpose": "最低生活保障 对象认定",
        "catalogue_version": 1,
        "lines": (),
        "readers": (),
    }
    return Request(**(fields | changed))


@pytest.mark.requirement("R033")
@pytest.mark.parametrize(
    "stated",
    [
        "subsistence-allowance",
        "城乡低保",
        "低保",
        "最低生活保障 对象认定",
        " 最低生活保障对象认定 ",
        "最低生活保障　对象认定",
    ],
)
def test_the_purpose_applied_for_is_taken_by_code_by_name_or_in_its_own_words(stated):
    assert check_purpose(request(), stated) == ()


@pytest.mark.requirement("R033")
@pytest.mark.requirement("R057")
@pytest.mark.parametrize("stated", ["住房保障", "housing-security", "贷款审批", "认定", "", " "])
def test_any_other_purpose_is_refused_with_the_business_it_was_applied_for(stated):
    (finding,) = check_purpose(request(), stated)

    assert finding.code == "PURPOSE_DIFFERS"
    assert "城乡低保" in finding.zh
    # The words of the form may name somebody.
    assert "对象认定" not in finding.zh + finding.en


@pytest.mark.requirement("R033")
def test_an_application_without_words_of_purpose_is_not_open_to_everybody():
    (finding,) = check_purpose(request(purpose="", business="none"), "")
    assert finding.code == "PURPOSE_DIFFERS"
    assert "none" in finding.zh


@pytest.mark.requirement("R034")
@pytest.mark.parametrize(
    ("authority", "unit", "codes"),
    [
        ("测试县民政局", "", []),
        ("", "", []),
        ("测试县民政局", "测试县民政局", []),
        ("测试县民政局", " 测试县 民政局", []),
        ("测试县民政局", "测试县教育局", ["UNIT_NOT_ENTITLED"]),
        ("测试县民政局", "测试县", ["UNIT_NOT_ENTITLED"]),
        ("", "测试县民政局", ["UNIT_NOT_ENTITLED"]),
    ],
)
def test_a_result_goes_to_the_entrusting_unit_and_the_centre_alone(authority, unit, codes):
    assert [finding.code for finding in check_unit(authority, unit)] == codes
