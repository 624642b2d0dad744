"""The clerk fills a list in from a table: what comes out is read by the centre without a fault."""

from __future__ import annotations

from datetime import UTC, date, datetime
from io import BytesIO
from uuid import UUID

import pytest
from openpyxl import load_workbook

from adapters.demo.clerk import fill_list
from adapters.demo.csv_table import read_table
from adapters.demo.sample import sample_number
from adapters.template.read import FilledWorkbook
from adapters.template.task import ListTask, Token
from adapters.template.workbook import list_workbook
from bus.model.messages import OutcomeKind
from bus.model.request import Person
from bus.model.returns import TaskKey
from schemas.resources import resources

NOW = datetime(2026, 3, 2, 1, 0, tzinfo=UTC)
TODAY = date(2026, 3, 2)
ID = UUID(int=7)
HOUSING = resources()["urban-housing-security"]
ANNA, BORIS, CLARA = (sample_number("19720229", serial) for serial in (301, 302, 303))


@pytest.fixture
def table(tmp_path):
    def read(text, resource=HOUSING):
        file = tmp_path / "table.csv"
        file.write_text(text, "utf-8")
        found, faults = read_table(file, file.name, resource)
        assert faults == []
        return found

    return read


def person(number, name, id_number, id_type="111"):
    return Person(number, name, id_type, id_number, "最低生活保障对象认定")


def task(persons, resource=HOUSING, items=None, span=(None, None)):
    return ListTask(
        token=Token(TaskKey(bytes(32), 1, 2), ID),
        query=ID,
        requester="370000",
        requester_title="山东省核对中心",
        provider="320000.housing-bureau",
        provider_title="江苏住房保障部门",
        business="subsistence-allowance",
        purpose="最低生活保障对象认定",
        resource=resource.name,
        items=items or tuple(item.name for item in resource.items),
        time_from=span[0],
        time_to=span[1],
        due=NOW,
        issued=NOW,
        persons=tuple(persons),
    )


def answers(asked, table, resource=HOUSING):
    """What the centre reads, by the person's number, of what the clerk made of the list."""
    filled = fill_list(list_workbook(asked, resource), table, TODAY)
    found = FilledWorkbook(filled, NOW)
    assert found.token == asked.token
    read = found.answers(asked, resource)
    return {one.reference: one for one in read.outcomes}


def test_each_person_is_found_or_not_with_every_record(table):
    held = table(
        "姓名,身份证号,保障房类型,保障房面积,购买或租赁时间\n"
        f"甲样一,{ANNA},公共租赁住房,54.60,2025-11-18\n"
        f"丙样三,{CLARA},租赁补贴,39.25,2025-11-17\n"
        f"甲样一,{ANNA.lower()},经济适用住房,88.12,2020-01-01\n"
    )
    items = tuple(item.name for item in held.items)
    found = answers(
        task([person(1, "甲样一", ANNA), person(2, "乙样二", BORIS)], items=items), held
    )
    assert [one.kind for one in found.values()] == [OutcomeKind.FOUND, OutcomeKind.NOT_FOUND]
    areas = [str(record["area"]) for record in found[1].records]
    assert areas == ["54.60", "88.12"]


def test_another_name_is_a_reason_and_never_nobody(table):
    held = table(f"姓名,身份证号\n丁样四,{ANNA}\n")
    found = answers(task([person(1, "甲样一", ANNA)], items=("name", "id_number")), held)
    assert (found[1].kind, found[1].code) == (OutcomeKind.NOT_ANSWERABLE, "NAME_MISMATCH")


def test_an_id_type_that_the_table_does_not_hold_is_a_reason(table):
    held = table(f"姓名,身份证号\n甲样一,{ANNA}\n")
    asked = task([person(1, "甲样一", "E99000109", "414")], items=("name", "id_number"))
    assert answers(asked, held)[1].code == "ID_TYPE_NOT_HELD"


@pytest.mark.requirement("R053")
def test_what_lies_outside_the_range_asked_stays_at_the_agency(table):
    held = table(
        f"姓名,身份证号,购买或租赁时间\n甲样一,{ANNA},2025-11-18\n甲样一,{ANNA},2025-11-19\n"
        f"丙样三,{CLARA},\n"
    )
    day = date(2025, 11, 18)
    items = tuple(item.name for item in held.items)
    people = [person(1, "甲样一", ANNA), person(2, "丙样三", CLARA)]
    found = answers(task(people, items=items, span=(day, day)), held)
    assert len(found[1].records) == 1
    assert found[2].kind is OutcomeKind.NOT_FOUND


def test_a_range_is_not_answered_from_a_table_without_times(table):
    held = table(f"姓名,身份证号\n甲样一,{ANNA}\n")
    day = date(2025, 11, 18)
    asked = task([person(1, "甲样一", ANNA)], items=("name", "id_number"), span=(day, day))
    assert answers(asked, held)[1].code == "RANGE_NOT_HELD"


def test_a_code_is_chosen_by_its_name(table):
    marriage = resources()["marriage-registration"]
    held = table(f"姓名,证件类型,证件号码,配偶证件类型\n甲样一,111,{ANNA},414\n", marriage)
    asked = task([person(1, "甲样一", ANNA)], marriage, tuple(item.name for item in held.items))
    listed = load_workbook(BytesIO(fill_list(list_workbook(asked, marriage), held, TODAY)))
    typed = {cell.value for row in listed["名单"].iter_rows(min_row=3) for cell in row}
    assert "普通护照" in typed
    [record] = answers(asked, held, marriage)[1].records
    assert record["spouse_id_type"] == "414"
