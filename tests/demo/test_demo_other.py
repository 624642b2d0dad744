"""The demo with another workbook and other tables, a Shandong agency among those that answer."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import date

import pytest
from demo_expectation import answered, expected

from adapters.demo.sample import sample_draft, sample_number
from bus.model.request import DraftLine
from bus.workbook.template import fill

ANNA = sample_number("19720229", 301)
BORIS = sample_number("20011231", 302)
CLARA = sample_number("19990101", 303)

SHANDONG = f"""\
证件号码,姓名,个人账户余额,个人账户状态
{ANNA},甲样一,0.1,正常
{ANNA},甲样一,1234567890123.45,封存
{CLARA},丙样三,,销户
"""
CHONGQING = f"""\
id_number,id_type,name,relation,registered_on,address
{BORIS},身份证,乙样二,户主,20200301,"样板路 1 号，""北"" 楼"
{CLARA},111,丙样三,02,2019/7/1,
{BORIS},113,乙样二,,,
"""


@pytest.fixture(scope="session")
def given(tmp_path_factory):
    folder = tmp_path_factory.mktemp("other")
    people = [
        replace(sample_draft().persons[0], household=h, relation=r, name=n, id_number=i)
        for h, r, n, i in (
            ("A", "01", "甲样一", ANNA),
            ("A", "20", "乙样二", BORIS),
            ("B", "01", "丙样三", CLARA),
        )
    ]
    days = (date(2020, 1, 1), date(2020, 12, 31))
    draft = replace(
        sample_draft(),
        persons=tuple(people),
        person_count=3,
        first_named="甲样一",
        lines=(
            DraftLine(1, "national", "household", (), None, None),
            DraftLine(2, "370000", "housing-fund", ("个人账户余额",), *days),
            DraftLine(3, "110000", "housing-fund", (), None, None),
        ),
    )
    (folder / "application.xlsx").write_bytes(fill(draft))
    for agency, name, text in (
        ("370000.housing-fund", "housing-fund-account", SHANDONG),
        ("500000.public-security", "household-registration", CHONGQING),
    ):
        (folder / "tables" / agency).mkdir(parents=True)
        (folder / "tables" / agency / f"{name}.csv").write_text(text, "utf-8")
    return folder


def test_another_workbook_and_other_tables(start_demo, given, package):
    running = start_demo(
        *("--application", str(given / "application.xlsx"), "--data", str(given / "tables"))
    )
    outcome = running.line()
    assert running.process.wait(60) == 0, running.said()
    result = json.loads((running.out / "result.json").read_text("utf-8"))
    found = answered(result)
    assert found == expected(given / "application.xlsx", given / "tables", package)
    assert len(found) == 6
    assert {kind for kind, _, _ in found.values()} == {"FOUND", "NOT_FOUND"}
    assert outcome["persons"] == 3
    assert [(gap["resource"], gap["code"]) for gap in outcome["unanswered"]] == [
        ("housing-fund-account", "NO_PROVIDER")
    ]
    assert running.left_over() == []
