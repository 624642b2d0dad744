"""Synthetic people, the agency's table that knows each of them, and applications about them.

Everybody's number is of area 990000, which nobody has; each is a household of one, of age.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

from adapters.demo.agencies import Agency
from adapters.demo.csv_table import Table
from adapters.demo.sample import sample_number
from adapters.values import fit
from bus.api.draft import ContactBody, DeclarationBody, DraftBody, LineBody, PersonBody
from bus.rules.form import ADDRESSEE, DECLARED_SCOPE, LEGAL_BASIS
from bus.rules.working_days import local_date
from schemas.resources import resources

PROVINCE = "320000"
RESOURCE = "housing-fund-account"
AGENCY = f"{PROVINCE}.housing-fund"

_SURNAMES = "周许韩沈陆秦何孟邓吕"
_GIVEN = "安宁晨卓兰恒月川石青梅桐岚知行"
_FIRST_BIRTHDAY = date(1955, 1, 1)
_BIRTHDAYS = 15_000
_RESIDENT = "111"


@dataclass(frozen=True, slots=True)
class Someone:
    """One invented person and what the housing fund keeps about them."""

    name: str
    id_number: str
    balance: str
    account: str
    opened_on: str
    monthly_deposit: str


def people(count: int) -> tuple[Someone, ...]:
    """Return that many people, always the same."""
    return tuple(_someone(number) for number in range(count))


def agency(everybody: Sequence[Someone]) -> Agency:
    """Return the one agency, which holds an account of everybody."""
    resource = resources()[RESOURCE]
    cells = {
        "name": lambda one: one.name,
        "id_type": lambda _: _RESIDENT,
        "id_number": lambda one: one.id_number,
        "status": lambda _: "正常",
        "balance": lambda one: one.balance,
        "account": lambda one: one.account,
        "opened_on": lambda one: one.opened_on,
        "monthly_deposit": lambda one: one.monthly_deposit,
    }
    rows = tuple(
        tuple(fit(item, cells[item.name](one)) for item in resource.items) for one in everybody
    )
    tables = (Table(resource, resource.items, rows),)
    return Agency(AGENCY, "江苏住房公积金中心", tables, Path())


def application(asked: Sequence[Someone]) -> bytes:
    """Return the JSON application that asks the province about some people."""
    today = local_date(datetime.now(UTC))
    applied = today - timedelta(days=1)
    body = DraftBody(
        addressee=ADDRESSEE,
        legal_basis=LEGAL_BASIS,
        authority="示例市示例区民政局",
        business="subsistence-allowance",
        business_text="城乡低保",
        purpose="最低生活保障对象认定",
        first_named=asked[0].name,
        person_count=len(asked),
        query_text="住房公积金账户信息，明细见附表",
        declaration=DeclarationBody(authorised=True, scope=DECLARED_SCOPE),
        list_submitted_on=applied,
        contact=ContactBody(name="吴样联", phone="0531-99000123"),
        applied_on=applied,
        lines=(LineBody(provider=PROVINCE, category=RESOURCE),),
        persons=tuple(
            PersonBody(
                household=f"H{number:05d}",
                relation="01",
                name=one.name,
                id_type=_RESIDENT,
                id_number=one.id_number,
                reason="申请最低生活保障",
                document=f"授第{number:05d}号",
                authorised_on=applied - timedelta(days=7),
            )
            for number, one in enumerate(asked, 1)
        ),
    )
    return body.model_dump_json().encode()


def _someone(number: int) -> Someone:
    born = _FIRST_BIRTHDAY + timedelta(days=number % _BIRTHDAYS)
    serial = 100 + number // _BIRTHDAYS
    surname = _SURNAMES[number % len(_SURNAMES)]
    given = _GIVEN[number // len(_SURNAMES) % len(_GIVEN)]
    return Someone(
        name=f"{surname}样{given}",
        id_number=sample_number(f"{born:%Y%m%d}", serial),
        balance=f"{number * 7 % 90_000}.{number % 100:02d}",
        account=f"JS{number:08d}",
        opened_on=f"{born.replace(year=born.year + 25, day=1):%Y-%m-%d}",
        monthly_deposit=f"{500 + number % 2000}.00",
    )
