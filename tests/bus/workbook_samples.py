"""Sample drafts, workbooks and hand-made packages for the workbook tests. Synthetic people only."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import date
from io import BytesIO
from zipfile import ZIP_DEFLATED, ZipFile

from openpyxl import Workbook, load_workbook

from bus.model.request import Contact, Declaration, Draft, DraftLine, DraftPerson
from bus.rules.form import ADDRESSEE, DECLARED_SCOPE, LEGAL_BASIS
from bus.rules.id_number import check_digit
from bus.workbook.faults import Fault, WorkbookFaults
from bus.workbook.parse import parse
from bus.workbook.template import fill

TODAY = date(2026, 2, 12)
FORM_ROW = {
    title: number
    for number, title in enumerate(
        (
            "受文单位",
            "法律依据",
            "审批机关",
            "业务类别",
            "用途",
            "首位被查询人",
            "查询人数",
            "查询事项",
            "授权声明",
            "授权范围",
            "名单提交日期",
            "联系人",
            "联系电话",
            "申请日期",
        ),
        3,
    )
}


def resident_number(serial: int, born: str = "19850101") -> str:
    """A number of area 990000, which nobody has, with a valid check digit."""
    body = f"990000{born}{serial:03d}"
    return body + check_digit(body)


def person(serial: int, household: str, relation: str) -> DraftPerson:
    return DraftPerson(
        household=household,
        relation=relation,
        name=f"王小{'甲乙丙丁戊'[serial % 5]}",
        id_type="111",
        id_number=resident_number(serial),
        reason="申请低保复核",
        document=f"授2026-{serial:03d}",
        authorised_on=date(2026, 1, 5),
        guardian=None,
    )


def draft() -> Draft:
    """Three persons in two households (rows 3-5 of 名单), three lines (rows 3-5 of 附表)."""
    return Draft(
        addressee=ADDRESSEE,
        legal_basis=LEGAL_BASIS,
        authority="样例县民政局",
        business="subsistence-allowance",
        business_text="城乡低保",
        purpose="低保资格复核",
        first_named="王小甲",
        person_count=3,
        query_text="住房公积金、住房保障与婚姻登记信息",
        declaration=Declaration(True, DECLARED_SCOPE),
        list_submitted_on=date(2026, 2, 11),
        contact=Contact("李样", "13800000000"),
        applied_on=date(2026, 2, 12),
        lines=(
            DraftLine(1, "national", "housing-fund", (), date(2025, 1, 1), date(2025, 12, 31)),
            DraftLine(
                2,
                "320000",
                "城镇住房保障",
                ("姓名", "保障房类型"),
                date(2026, 1, 31),
                date(2026, 1, 31),
            ),
            DraftLine(3, "hub", "marriage", (), None, None),
        ),
        persons=(person(0, "1", "01"), person(1, "1", "10"), person(2, "2", "01")),
    )


def edited(change: Callable[[Workbook], object], source: Draft | None = None) -> bytes:
    """A filled workbook after a change made with openpyxl."""
    workbook = load_workbook(BytesIO(fill(source or draft())))
    change(workbook)
    out = BytesIO()
    workbook.save(out)
    return out.getvalue()


def with_cell(sheet: str, cell: str, value: object, number_format: str | None = None) -> bytes:
    """A filled workbook with one cell changed."""

    def change(workbook: Workbook) -> None:
        workbook[sheet][cell].value = value
        if number_format:
            workbook[sheet][cell].number_format = number_format

    return edited(change)


def repacked(
    data: bytes,
    change: Callable[[str, bytes], bytes] = lambda _, content: content,
    extra: dict[str, bytes] | None = None,
) -> bytes:
    """The package with its parts passed through `change`, and extra parts."""
    out = BytesIO()
    with ZipFile(BytesIO(data)) as source, ZipFile(out, "w", ZIP_DEFLATED) as target:
        for entry in source.infolist():
            target.writestr(entry.filename, change(entry.filename, source.read(entry)))
        for name, content in (extra or {}).items():
            target.writestr(name, content)
    return out.getvalue()


def in_part(name: str, old: bytes, new: bytes) -> bytes:
    """A filled workbook with bytes of one part replaced, at every place they stand."""

    def change(part: str, content: bytes) -> bytes:
        if part != name:
            return content
        assert old in content
        return content.replace(old, new)

    return repacked(fill(draft()), change)


def faults_of(data: bytes, today: date = TODAY) -> tuple[Fault, ...]:
    """The faults of a workbook that must have some."""
    try:
        parse(data, today)
    except WorkbookFaults as error:
        return error.faults
    raise AssertionError("the workbook was taken")


def codes_of(data: bytes, today: date = TODAY) -> list[tuple[str, str]]:
    """Place and code of each fault."""
    return [(fault.place, fault.code) for fault in faults_of(data, today)]


def big_draft(count: int) -> Draft:
    """A draft of many persons, each a household of their own."""
    one = person(0, "1", "01")
    persons = tuple(
        replace(one, household=str(number), id_type="990", id_number=f"S{number:08d}")
        for number in range(1, count + 1)
    )
    return replace(draft(), person_count=count, persons=persons)
