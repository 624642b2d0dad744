"""The application workbook that the demo submits: twelve invented people in five households.

`python -m adapters.demo.sample FILE` writes it anew. Everybody's number is of area 990000, which
nobody has. The agencies' tables in `data/tables` tell of the same people.
"""

from __future__ import annotations

import sys
from datetime import date
from pathlib import Path

from bus.model.request import (
    CENTRE,
    NATIONWIDE,
    Contact,
    Declaration,
    Draft,
    DraftLine,
    DraftPerson,
)
from bus.rules.form import ADDRESSEE, DECLARED_SCOPE, LEGAL_BASIS
from bus.rules.id_number import check_digit
from bus.workbook.template import fill

_AREA = "990000"
_RESIDENT = "111"
_PASSPORT = "414"
_JIANGSU = "320000"
_ONE_DAY = date(2025, 11, 18)

# Household, relation, name, birth date or a number of another type, serial, guardian.
_PEOPLE = (
    ("H01", "01", "周样安", "19850312", 101, None),
    ("H01", "10", "许样宁", "19870925", 102, None),
    ("H01", "20", "周样晨", "20150604", 103, "周样安"),
    ("H02", "01", "韩样卓", "19780220", 104, None),
    ("H02", "10", "沈样兰", "19801117", 105, None),
    ("H03", "01", "陆样恒", "19900708", 106, None),
    ("H03", "10", "秦样月", "19910130", 107, None),
    ("H03", "51", "陆样川", "19550816", 108, None),
    ("H04", "01", "何样石", "E99000109", None, None),
    ("H05", "01", "孟样青", "19820503", 110, None),
    ("H05", "52", "邓样梅", "19531221", 111, None),
    ("H05", "30", "孟样桐", "20121009", 112, "孟样青"),
)


def sample_number(born: str, serial: int) -> str:
    """Return a resident's number that nobody has, with its check digit.

    Args:
        born: Birth date, YYYYMMDD.
        serial: The three digits of the order of registration.
    """
    body = f"{_AREA}{born}{serial:03d}"
    return body + check_digit(body)


def sample_draft() -> Draft:
    """Return the application: a period asked of 全国, one day of 江苏, the latest of 部中心."""
    return Draft(
        addressee=ADDRESSEE,
        legal_basis=LEGAL_BASIS,
        authority="示例市示例区民政局",
        business="subsistence-allowance",
        business_text="城乡低保",
        purpose="最低生活保障对象认定",
        first_named=_PEOPLE[0][2],
        person_count=len(_PEOPLE),
        query_text="住房公积金、住房保障、婚姻登记信息，明细见附表",
        declaration=Declaration(authorised=True, scope=DECLARED_SCOPE),
        list_submitted_on=date(2026, 1, 12),
        contact=Contact("吴样联", "0531-99000123"),
        applied_on=date(2026, 1, 13),
        lines=(
            DraftLine(1, NATIONWIDE, "housing-fund", (), date(2025, 1, 1), date(2025, 12, 31)),
            DraftLine(2, _JIANGSU, "housing-security", (), _ONE_DAY, _ONE_DAY),
            DraftLine(3, CENTRE, "marriage", (), None, None),
        ),
        persons=tuple(
            DraftPerson(
                household=household,
                relation=relation,
                name=name,
                id_type=_PASSPORT if serial is None else _RESIDENT,
                id_number=born if serial is None else sample_number(born, serial),
                reason="申请最低生活保障",
                document=f"授〔2026〕第{number:03d}号",
                authorised_on=date(2026, 1, 5 + number % 4),
                guardian=guardian,
            )
            for number, (household, relation, name, born, serial, guardian) in enumerate(_PEOPLE, 1)
        ),
    )


def sample_workbook() -> bytes:
    """Return the workbook's bytes."""
    return fill(sample_draft())


if __name__ == "__main__":
    Path(sys.argv[1]).write_bytes(sample_workbook())
