"""A province's report as it is written: one TOML file, and the template of one (R037, R038)."""

from __future__ import annotations

import json
import tomllib
from collections.abc import Iterator, Mapping
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from bus.catalog.levels import level_by_place
from bus.config.faults import faults_of, told
from bus.errors import InputError
from bus.model.catalogue_report import ReportedAgency, ReportedOffer
from schemas.codes import Code, CodeTable, levels, modes, time_ranges, updates
from schemas.resources import IDENTITY_ITEMS, Resource
from signer.directory.view import (
    Directory,
    Level,
    Mode,
    Offer,
    Participant,
    RangeAbility,
    Standing,
)
from signer.identity import Role

LARGEST = 4 * 1024 * 1024
"""Bytes of the largest report: several thousand agencies."""


class _Resource(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")

    resource: Annotated[str, Field(min_length=1, max_length=64)]
    items: tuple[str, ...] = ()
    term_working_days: int
    level: str
    range: str
    back_months: int | None = None
    updates: str
    mode: str = "online"


class _Agency(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")

    id: Annotated[str, Field(min_length=1, max_length=64)]
    resource: tuple[_Resource, ...] = ()


class _File(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")

    agency: tuple[_Agency, ...] = ()


def read_report(text: str, resources: Mapping[str, Resource]) -> tuple[ReportedAgency, ...]:
    """Return what a file reports. Codes may be written by their Chinese names.

    Without `items` a resource is reported with all of them; those that say whom a record is about
    are always among them.

    Args:
        text: The file.
        resources: Known resources by name.

    Raises:
        InputError: `REPORT_FILE` with the place at fault.
    """
    try:
        stated = _File.model_validate(tomllib.loads(text))
    except tomllib.TOMLDecodeError as error:
        # The parser's text says line and column and quotes no value.
        raise _fault(f"不是有效的 TOML（{error}）", f"not valid TOML ({error})", "") from None
    except ValidationError as error:
        zh, en = told(faults_of(error))
        raise _fault(zh, en, "") from None
    return tuple(
        ReportedAgency(
            agency.id, tuple(_offer(one, agency.id, resources) for one in agency.resource)
        )
        for agency in stated.agency
    )


def _offer(stated: _Resource, agency: str, resources: Mapping[str, Resource]) -> ReportedOffer:
    where = f"{agency} {stated.resource}"
    known = resources.get(stated.resource)
    items = stated.items
    if known is not None:
        names = [item.name for item in known.items]
        chosen = [n for n in names if not items or n in items or n in IDENTITY_ITEMS]
        items = (*chosen, *(n for n in items if n not in names))
    return ReportedOffer(
        stated.resource,
        items,
        stated.term_working_days,
        Level(_code(levels(), stated.level, f"{where} level")),
        RangeAbility(_code(time_ranges(), stated.range, f"{where} range")),
        stated.back_months,
        _code(updates(), stated.updates, f"{where} updates"),
        Mode(_code(modes(), stated.mode, f"{where} mode")),
    )


def _code(table: CodeTable[Code], text: str, where: str) -> str:
    row = table.find(text.strip())
    if row is None:
        allowed = "、".join(f"{r.code} {r.zh}" for r in table.values())
        raise _fault(f"不在可选范围内，可填：{allowed}", f"not one of: {', '.join(table)}", where)
    return row.code


def _fault(zh: str, en: str, where: str) -> InputError:
    return InputError(
        "REPORT_FILE",
        f"上报文件有误：{zh}",
        f"the report is faulty: {en}",
        remedy_zh="请按 hedui catalog template 写出的样例更正",
        remedy_en="Correct it after what `hedui catalog template` writes",
        where=where,
    )


_ABOUT = """# 资源目录上报：本省及各级机构可供查询的信息资源（民办发〔2018〕32号 第十二、十三条）
# A province's report of the resources in its area, at all levels. It replaces what was reported
# before for each agency it lists; an agency without resources withdraws all of its own.
# items：省略即全部内容项 / leave out for all items
# term_working_days：反馈期限，工作日 / feedback term in working days
# level：{levels}
# range：{ranges}
# back_months：可追溯月数，省略即不限 / months it reaches back; leave out where not limited
# updates：{updates}
# mode：{modes}
"""


def report_template(reporter: str, directory: Directory, resources: Mapping[str, Resource]) -> str:
    """Return a report filled from what the directory lists now.

    What it does not say yet is filled with what is likely, marked 请核实 (to be confirmed).

    Args:
        reporter: The province.
        directory: The directory in force.
        resources: Known resources by name.
    """
    lines = [
        _ABOUT.format(
            levels=_listed(levels()),
            ranges=_listed(time_ranges()),
            updates=_listed(updates()),
            modes=_listed(modes()),
        )
    ]
    for id_, agency in sorted(directory.participants.items()):
        path = directory.path_up(id_)
        reported = agency.role is Role.ADAPTER and reporter in path[1:]
        if reported and agency.standing is not Standing.WITHDRAWN:
            lines += _agency_lines(agency, level_by_place(path), resources)
    return "\n".join(lines) + "\n"


def _listed(table: CodeTable[Code]) -> str:
    return "、".join(f"{row.code} {row.zh}" for row in table.values())


def _agency_lines(
    agency: Participant, place: Level, resources: Mapping[str, Resource]
) -> Iterator[str]:
    yield f"# {''.join(c if c.isprintable() else ' ' for c in agency.title)}"
    yield "[[agency]]"
    yield f"id = {_text(agency.id)}"
    for offer in agency.offers:
        yield from _offer_lines(offer, place, resources.get(offer.resource))
    yield ""


def _offer_lines(offer: Offer, place: Level, resource: Resource | None) -> Iterator[str]:
    likely = RangeAbility.PERIOD if resource and resource.time_item else RangeAbility.LATEST
    title = "" if resource is None else f"  # {resource.zh}"
    yield "[[agency.resource]]"
    yield f"resource = {_text(offer.resource)}{title}"
    yield f"items = [{', '.join(map(_text, offer.items))}]"
    yield f"term_working_days = {offer.term_working_days}"
    yield _stated("level", offer.level, place)
    yield _stated("range", offer.range, likely)
    if offer.back_months is not None:
        yield f"back_months = {offer.back_months}"
    yield _stated("updates", offer.updates, "irregular")
    yield f"mode = {_text(offer.mode)}"


def _stated(key: str, value: str | None, likely: str) -> str:
    note = "" if value is not None else "  # 请核实 / confirm"
    return f"{key} = {_text(likely if value is None else value)}{note}"


def _text(value: str) -> str:
    # A JSON string of printable text is a TOML basic string.
    return json.dumps(str(value), ensure_ascii=False)
