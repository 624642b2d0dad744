"""The result workbook and JSON hold exactly what the view holds, as text."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import UTC, date, datetime
from decimal import Decimal
from io import BytesIO
from uuid import UUID

import pytest
from openpyxl import load_workbook
from workbook_samples import resident_number

from bus.model.case import QueryState
from bus.model.messages import OutcomeKind
from bus.model.result import (
    ResultAnswer,
    ResultApplication,
    ResultGap,
    ResultItem,
    ResultLine,
    ResultOutcome,
    ResultPerson,
    ResultView,
)
from bus.workbook.package import check_package
from bus.workbook.result import CELL_MAX, result_workbook
from bus.workbook.result_json import result_json
from bus.workbook.result_tables import text_of

NAME = ResultItem("name", "姓名")
BALANCE = ResultItem("balance", "个人账户余额")
OPENED = ResultItem("opened_on", "开户日期")
MARRIED = ResultItem("registered_on", "登记日期")
SLY = '=HYPERLINK("http://sample.invalid","甲")'
AS_OF = datetime(2026, 2, 1, 16, 0, tzinfo=UTC)
DUE = datetime(2026, 2, 20, 16, 0, tzinfo=UTC)


def person(reference: int, name: str) -> ResultPerson:
    return ResultPerson(reference, "1", "01", name, "111", resident_number(reference))


FUND_ANSWER = ResultAnswer(
    provider="320000.housing-fund",
    provider_title="江苏住房公积金中心",
    resource="housing-fund-account",
    part=1,
    as_of=AS_OF,
    received=datetime(2026, 2, 21, 1, 0, tzinfo=UTC),
    due=DUE,
    late=True,
    outcomes=(
        ResultOutcome(
            1,
            1,
            OutcomeKind.FOUND,
            None,
            (
                ("王小甲", Decimal("50000.00"), date(2020, 1, 31)),
                (SLY, Decimal(-3), None),
            ),
        ),
        ResultOutcome(1, 2, OutcomeKind.NOT_FOUND, None, ()),
    ),
)
OTHER_ANSWER = replace(
    FUND_ANSWER,
    provider="500000.housing-fund",
    provider_title="重庆住房公积金中心",
    as_of=datetime(2026, 1, 1, tzinfo=UTC),
    late=False,
    outcomes=(ResultOutcome(1, 1, OutcomeKind.NOT_ANSWERABLE, "SOURCE_DOWN", ()),),
)
VIEW = ResultView(
    query=UUID("01890a5d-ac96-774b-bcce-b302099a8057"),
    state=QueryState.PARTLY_ANSWERED,
    application=ResultApplication(
        requester="370000",
        operator="李样",
        submitted=datetime(2026, 2, 12, 2, 30, tzinfo=UTC),
        authority="样例县民政局",
        business_text="城乡低保",
        purpose="+复核",
        query_text="-公积金",
        person_count=2,
        applied_on=date(2026, 2, 12),
    ),
    persons=(person(1, "王小甲"), person(2, "@王小乙")),
    lines=(
        ResultLine(
            line=1,
            row=1,
            provider="national",
            resource="housing-fund-account",
            title="住房公积金账户",
            items=(NAME, BALANCE, OPENED),
            time_from=date(2025, 1, 1),
            time_to=date(2025, 12, 31),
        ),
        ResultLine(2, 2, "hub", "marriage-registration", "婚姻登记", (NAME, MARRIED), None, None),
    ),
    answers=(FUND_ANSWER, OTHER_ANSWER),
    gaps=(
        ResultGap("hub.marriage", "婚姻登记库", "marriage-registration", 1, DUE, None),
        ResultGap("630000", "青海", "housing-fund-account", 1, None, "NOBODY_OFFERS"),
    ),
)


def read(view: ResultView, **options: int) -> dict[str, list[list[str | None]]]:
    workbook = load_workbook(BytesIO(result_workbook(view, **options)))
    return {
        sheet.title: [[cell.value for cell in row] for row in sheet.iter_rows()]
        for sheet in workbook
    }


def as_dicts(rows: list[list[str | None]]) -> list[dict[str | None, str | None]]:
    return [dict(zip(rows[0], row, strict=True)) for row in rows[1:]]


def test_the_sheets_are_the_overview_summary_persons_and_one_for_each_resource():
    assert list(read(VIEW)) == ["概况", "汇总", "人员结果", "住房公积金账户", "婚姻登记"]


@pytest.mark.parametrize(
    ("codes", "value", "shown"),
    [
        ("sale-roles", "buyer", "购买方"),
        ("id-types", "111", "居民身份证"),
        ("sale-roles", "lessor", "lessor"),
        ("a-table-of-the-future", "buyer", "buyer"),
        (None, "buyer", "buyer"),
        ("sale-roles", None, None),
    ],
)
def test_a_code_is_shown_by_its_name_where_the_table_is_known(codes, value, shown):
    role = ResultItem("role", "身份", codes)
    line = replace(VIEW.lines[0], items=(role,))
    outcome = ResultOutcome(1, 1, OutcomeKind.FOUND, None, ((value,),))
    view = replace(
        VIEW, lines=(line,), answers=(replace(FUND_ANSWER, outcomes=(outcome,)),), gaps=()
    )
    (row,) = as_dicts(read(view)["住房公积金账户"])
    assert row["身份"] == shown


@pytest.mark.requirement("R033")
def test_the_overview_says_which_query_for_which_purpose():
    facts = {row[0]: row[1] for row in read(VIEW)["概况"]}
    assert facts["查询编号"] == str(VIEW.query)
    assert facts["查询状态"] == "部分反馈"
    assert facts["用途"] == "+复核"
    assert facts["提交时间"] == "2026-02-12 10:30:00"
    assert facts["查询内容 1"] == (
        "附表第 1 项；全国；住房公积金账户；2025/01/01-2025/12/31；姓名、个人账户余额、开户日期"
    )
    assert facts["查询内容 2"] == "附表第 2 项；部中心；婚姻登记；最新数据；姓名、登记日期"


@pytest.mark.requirement("R029")
@pytest.mark.requirement("R072")
def test_the_summary_counts_what_each_provider_answered_and_what_is_unanswered():
    fund, other, open_row, never = as_dicts(read(VIEW)["汇总"])
    assert fund == {
        "信息提供方": "江苏住房公积金中心",
        "信息提供方编号": "320000.housing-fund",
        "信息资源": "住房公积金账户",
        "状态": "已反馈",
        "询问": "2",
        "查得": "1",
        "未查得": "1",
        "无法答复": "0",
        "记录数": "2",
        "数据截至": "2026-02-02 00:00:00",
        "是否逾期": "是",
        "反馈期限": None,
        "名单分册": None,
        "原因代码": None,
    }
    assert (other["无法答复"], other["是否逾期"]) == ("1", "否")
    assert (open_row["状态"], open_row["反馈期限"]) == ("待反馈", "2026-02-21 00:00:00")
    assert (never["状态"], never["原因代码"]) == ("不能反馈", "NOBODY_OFFERS")


def test_of_several_parts_the_oldest_data_and_any_lateness_count():
    second = replace(FUND_ANSWER, part=2, as_of=datetime(2025, 6, 1, tzinfo=UTC), late=False)
    fund, *_ = as_dicts(read(replace(VIEW, answers=(FUND_ANSWER, second)))["汇总"])
    assert (fund["询问"], fund["记录数"]) == ("4", "4")
    assert (fund["数据截至"], fund["是否逾期"]) == ("2025-06-01 08:00:00", "是")


@pytest.mark.requirement("R073")
def test_each_person_line_and_provider_has_an_outcome_row():
    rows = as_dicts(read(VIEW)["人员结果"])
    assert [
        (row["姓名"], row["信息提供方"], row["结果"], row["原因代码"], row["记录数"])
        for row in rows
    ] == [
        ("王小甲", "江苏住房公积金中心", "查得", None, "2"),
        ("@王小乙", "江苏住房公积金中心", "未查得", None, "0"),
        ("王小甲", "重庆住房公积金中心", "无法答复", "SOURCE_DOWN", "0"),
    ]
    assert rows[0]["证件类型"] == "居民身份证"
    assert rows[0]["证件号码"] == resident_number(1)
    assert rows[0]["与申请人关系"] == "本人"


@pytest.mark.requirement("R059")
def test_a_resource_sheet_has_every_approved_item_of_every_record():
    first, second = as_dicts(read(VIEW)["住房公积金账户"])
    assert first == {
        "人员序号": "1",
        "被查询人": "王小甲",
        "被查询人证件号码": resident_number(1),
        "查询内容": "1",
        "信息提供方": "江苏住房公积金中心",
        "数据截至": "2026-02-02 00:00:00",
        "记录序号": "1",
        "姓名": "王小甲",
        "个人账户余额": "50000.00",
        "开户日期": "2020-01-31",
    }
    assert (second["姓名"], second["个人账户余额"], second["开户日期"]) == (SLY, "-3.00", None)


def test_a_resource_nobody_answered_still_has_its_sheet_and_titles():
    rows = read(VIEW)["婚姻登记"]
    assert len(rows) == 1
    assert rows[0][-2:] == ["姓名", "登记日期"]


def test_no_cell_is_anything_but_forced_text():
    workbook = load_workbook(BytesIO(result_workbook(VIEW)))
    cells = [cell for sheet in workbook for row in sheet.iter_rows() for cell in row]
    filled = [cell for cell in cells if cell.value is not None]
    assert {cell.data_type for cell in filled} == {"s"}
    assert {cell.number_format for cell in filled} == {"@"}
    assert all(cell.quotePrefix for cell in filled)
    assert SLY in {cell.value for cell in filled}


def test_the_result_is_a_plain_workbook_and_the_same_each_time():
    data = result_workbook(VIEW)
    check_package(data)
    assert data == result_workbook(VIEW)


def with_text(text: str) -> ResultView:
    outcome = ResultOutcome(1, 1, OutcomeKind.FOUND, None, ((text, None, None),))
    return replace(VIEW, answers=(replace(FUND_ANSWER, outcomes=(outcome,)),))


@pytest.mark.parametrize(
    ("given", "shown"),
    [
        ("甲\x00乙\x1f", "甲\ufffd乙\ufffd"),
        ("甲\r\n乙\r丙", "甲\n乙\n丙"),
        (" 甲 ", " 甲 "),
        ("<b>&amp;", "<b>&amp;"),
        ("001", "001"),
        ("\ud800", "\ufffd"),
    ],
)
def test_texts_are_written_so_that_a_cell_can_hold_them(given, shown):
    assert as_dicts(read(with_text(given))["住房公积金账户"])[0]["姓名"] == shown


def test_a_text_longer_than_a_cell_says_that_it_is_cut():
    shown = as_dicts(read(with_text("甲" * (CELL_MAX + 1)))["住房公积金账户"])[0]["姓名"]
    assert shown is not None
    assert len(shown) == CELL_MAX
    assert shown.endswith("全文见 JSON 结果）")
    whole = as_dicts(read(with_text("甲" * CELL_MAX))["住房公积金账户"])[0]["姓名"]
    assert whole == "甲" * CELL_MAX


def test_a_table_longer_than_a_sheet_goes_on_in_another():
    sheets = read(VIEW, rows_a_sheet=3)
    assert [len(sheets[name]) for name in ("人员结果", "人员结果 (2)")] == [3, 2]
    assert sheets["人员结果"][0] == sheets["人员结果 (2)"][0]
    assert len(sheets["住房公积金账户"]) == 3
    assert "住房公积金账户 (2)" not in sheets


def test_titles_that_a_sheet_cannot_have_are_made_fit():
    first, second = VIEW.lines
    long = "住房" * 20
    view = replace(
        VIEW, lines=(replace(first, title="汇总"), replace(second, title=f"a/b:[c]{long}"))
    )
    names = list(read(view))[3:]
    assert names[0] == "汇总 (2)"
    assert names[1] == f"a b  c {long}"[:31]


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (None, ""),
        (True, "是"),
        (False, "否"),
        (7, "7"),
        (Decimal(1), "1.00"),
        (Decimal("1.5"), "1.50"),
        (Decimal("0.00"), "0.00"),
        (Decimal("1E+3"), "1000.00"),
        (Decimal("12.345"), "12.345"),
        (date(2026, 2, 3), "2026-02-03"),
        (datetime(2026, 2, 3, 20, 0, tzinfo=UTC), "2026-02-04 04:00:00"),
        ("甲", "甲"),
    ],
)
def test_values_are_written_as_an_operator_reads_them(value, text):
    assert text_of(value) == text


def test_the_json_holds_the_same_with_types_and_codes():
    told = json.loads(json.dumps(result_json(VIEW)))
    assert (told["query"], told["state"]) == (str(VIEW.query), "PARTLY_ANSWERED")
    assert told["application"]["submitted"] == "2026-02-12T02:30:00+00:00"
    assert told["summary"][0] == {
        "provider": "320000.housing-fund",
        "provider_title": "江苏住房公积金中心",
        "resource": "housing-fund-account",
        "title": "住房公积金账户",
        "asked": 2,
        "outcomes": {"FOUND": 1, "NOT_FOUND": 1, "NOT_ANSWERABLE": 0},
        "records": 2,
        "as_of": "2026-02-01T16:00:00+00:00",
        "late": True,
    }
    assert told["answers"][0]["outcomes"][0]["records"] == [
        {"name": "王小甲", "balance": "50000.00", "opened_on": "2020-01-31"},
        {"name": SLY, "balance": "-3.00", "opened_on": None},
    ]
    assert told["answers"][1]["outcomes"][0]["code"] == "SOURCE_DOWN"
    assert [gap["code"] for gap in told["unanswered"]] == [None, "NOBODY_OFFERS"]
    assert told["persons"][1]["id_number"] == resident_number(2)
    assert told["lines"][1]["time_from"] is None
    assert told["lines"][1]["items"][1] == {"name": "registered_on", "zh": "登记日期"}


def test_a_result_is_written_without_temporary_files(monkeypatch):
    def refuse(*_: object, **__: object) -> None:
        raise AssertionError("a temporary file was asked for")

    monkeypatch.setattr("openpyxl.worksheet._writer.NamedTemporaryFile", refuse)
    assert result_workbook(VIEW)
