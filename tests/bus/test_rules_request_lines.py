from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta

import pytest
from rules_samples import TODAY, country, draft_line, request, request_line

from bus.catalog.catalogue import Catalogue
from bus.catalog.expand import expand
from bus.rules.request_lines import check_draft_lines, check_request
from schemas.resources import resources

CATALOGUE = Catalogue.from_directory(country(), resources())


def of_draft(*lines):
    return [(f.code, f.where) for f in check_draft_lines(lines, CATALOGUE, TODAY)]


def of_request(*lines, **changes):
    asked = request(lines=lines, **changes)
    return [(f.code, f.where) for f in check_request(asked, CATALOGUE, TODAY)]


@pytest.mark.requirement("R049")
def test_proper_rows_have_no_finding_before_or_after_expansion():
    rows = (
        draft_line(),
        draft_line(row=2, provider="hub", category="婚姻登记", time_from=TODAY, time_to=TODAY),
        draft_line(row=3, provider="320000", items=("个人账户余额",)),
    )
    assert of_draft(*rows) == []
    assert of_request(*expand(rows, CATALOGUE)) == []


@pytest.mark.requirement("R021")
def test_a_table_that_asks_for_nothing_is_found():
    assert of_draft() == [("LINES_EMPTY", "附表")]
    assert of_request() == [("LINES_EMPTY", "附表")]


@pytest.mark.requirement("R050")
def test_a_provider_of_none_of_the_three_kinds_is_found():
    where = "附表 第 4 行 信息提供方"
    assert of_draft(draft_line(row=4, provider="")) == [("PROVIDER_UNKNOWN", where)]
    assert of_request(request_line(row=4, provider="321200")) == [("PROVIDER_UNKNOWN", where)]


@pytest.mark.requirement("R052")
@pytest.mark.parametrize(
    ("changes", "code", "field"),
    [
        ({"category": ""}, "CATEGORY_MISSING", "内容类别"),
        ({"category": "银行存款"}, "CATEGORY_UNKNOWN", "内容类别"),
        ({"items": ("个人账户余额", "车牌号")}, "ITEM_UNKNOWN", "内容项"),
        ({"items": ("姓名",)}, "ITEMS_IDENTITY_ONLY", "内容项"),
    ],
)
def test_a_row_outside_the_catalogue_is_found_with_what_is_allowed(changes, code, field):
    (finding,) = check_draft_lines((draft_line(row=2, **changes),), CATALOGUE, TODAY)
    assert (finding.code, finding.where) == (code, f"附表 第 2 行 {field}")
    assert "可填" in finding.zh
    assert ("住房公积金" if field == "内容类别" else "个人账户余额") in finding.zh


@pytest.mark.requirement("R020")
@pytest.mark.parametrize(
    ("changes", "code", "field"),
    [
        ({"resource": "bank-deposits"}, "RESOURCE_UNKNOWN", "内容类别"),
        ({"resource": "housing-fund-loan"}, "RESOURCE_UNKNOWN", "内容类别"),
        ({"category": "marriage"}, "RESOURCE_UNKNOWN", "内容类别"),
        ({"items": ("name", "plate")}, "ITEM_UNKNOWN", "内容项"),
        ({"items": ("name", "id_number")}, "ITEMS_IDENTITY_ONLY", "内容项"),
        ({"items": ()}, "ITEMS_IDENTITY_ONLY", "内容项"),
        ({"items": ("balance", "balance")}, "ITEM_TWICE", "内容项"),
    ],
)
def test_a_line_outside_the_catalogue_fails(changes, code, field):
    assert of_request(request_line(row=3, **changes)) == [(code, f"附表 第 3 行 {field}")]


@pytest.mark.requirement("R020")
def test_lines_without_a_known_catalogue_are_judged_as_far_as_they_can_be():
    asked = request(lines=(request_line(provider="321200", resource="unheard-of"),))
    assert [f.code for f in check_request(asked, None, TODAY)] == ["PROVIDER_UNKNOWN"]


@pytest.mark.requirement("R053")
@pytest.mark.parametrize(
    ("first", "last", "code"),
    [
        (date(2026, 5, 2), date(2026, 5, 1), "TIME_RANGE_ORDER"),
        (TODAY + timedelta(days=1), TODAY + timedelta(days=1), "TIME_RANGE_FUTURE"),
        (TODAY, None, "TIME_RANGE_HALF"),
    ],
)
def test_the_time_range_is_judged_on_both_sides(first, last, code):
    where = "附表 第 1 行 时间范围"
    assert of_draft(draft_line(time_from=first, time_to=last)) == [(code, where)]
    assert of_request(request_line(time_from=first, time_to=last)) == [(code, where)]


@pytest.mark.parametrize("numbers", [(2,), (1, 1), (1, 3), (2, 1)])
def test_lines_are_numbered_from_1(numbers):
    lines = [request_line(line=number) for number in numbers]
    assert of_request(*lines) == [("LINES_MISNUMBERED", "附表")]


def test_rows_are_counted_from_1():
    assert of_request(request_line(row=0)) == [("LINES_MISNUMBERED", "附表")]


def test_every_fault_of_every_row_is_reported_at_once():
    bad = draft_line(provider="", category="", time_from=TODAY, time_to=None)
    places = of_draft(bad, replace(bad, row=2))
    assert [where.split()[2] for _, where in places] == ["1", "1", "1", "2", "2", "2"]
