"""Whether the lines of a request stand in the catalogue and can be asked (R020, R049-R053).

A draft's lines are rows of the attached table as filled in; a request's lines are what travels,
one for each resource, and are judged again at the hub.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date

from bus.catalog.catalogue import Catalogue, Entry
from bus.catalog.expand import CatalogueError, choose, with_range
from bus.model.messages import Finding
from bus.model.request import DraftLine, Request, RequestLine
from bus.rules import places
from bus.rules.provider import is_provider
from bus.rules.time_ability import check_ability
from bus.rules.time_range import check_range
from schemas.resources import IDENTITY_ITEMS


def check_draft_lines(
    lines: Iterable[DraftLine], catalogue: Catalogue, today: date
) -> tuple[Finding, ...]:
    """Return everything wrong with the attached table of a draft.

    Args:
        lines: Its rows.
        catalogue: The catalogue it is written against.
        today: The day of the check, in Asia/Shanghai.
    """
    rows = tuple(lines)
    if not rows:
        return (_empty(),)
    found: list[Finding] = []
    for row in rows:
        found += _provider(row)
        found += _catalogue(row, catalogue, today)
        found += _time(row, today)
    return tuple(found)


def check_request(
    request: Request, catalogue: Catalogue | None, today: date
) -> tuple[Finding, ...]:
    """Return everything wrong with the lines of a request that arrived.

    Args:
        request: The request.
        catalogue: The catalogue it was written against; None where that is not known, and no line
            can be held against it.
        today: The day of the check, in Asia/Shanghai.
    """
    found = _numbering(request)
    if not request.lines:
        found.append(_empty())
    for line in request.lines:
        found += _provider(line)
        found += [] if catalogue is None else _entry(line, catalogue, today)
        found += _time(line, today)
    return tuple(found)


def _empty() -> Finding:
    # R021, R049
    return Finding(
        "LINES_EMPTY",
        "附表没有填写任何查询内容",
        "the attached table asks for nothing",
        "附表",
    )


def _provider(line: DraftLine | RequestLine) -> list[Finding]:
    # R050
    if is_provider(line.provider):
        return []
    return [
        Finding(
            "PROVIDER_UNKNOWN",
            "信息提供方须为“全国”、“部中心”或省份名称",
            "the provider is none of 全国, 部中心 and a province",
            places.row(line.row, "信息提供方"),
        )
    ]


def _time(line: DraftLine | RequestLine, today: date) -> tuple[Finding, ...]:
    # R053
    return check_range(line.time_from, line.time_to, today, places.row(line.row, "时间范围"))


def _catalogue(line: DraftLine, catalogue: Catalogue, today: date) -> list[Finding]:
    # R020, R052
    try:
        chosen = with_range(line, choose(line, catalogue))
    except CatalogueError as fault:
        return [
            Finding(
                fault.code,
                f"{fault.zh}。{fault.remedy_zh}",
                f"{fault.en}. {fault.remedy_en}",
                fault.where,
            )
        ]
    return list(_row_ability(line, chosen, today))


def check_row_ability(line: DraftLine, catalogue: Catalogue, today: date) -> tuple[Finding, ...]:
    """Return why the time range of a row can be asked of nobody (R020, R053), at most one finding.

    Raises:
        CatalogueError: As `choose`.
    """
    return _row_ability(line, with_range(line, choose(line, catalogue)), today)


def _row_ability(
    line: DraftLine, chosen: Iterable[tuple[Entry, tuple[str, ...], bool]], today: date
) -> tuple[Finding, ...]:
    faults = (_ability(line, entry, today) for entry, _, ranged in chosen if ranged)
    return next(filter(None, faults), ())


def _ability(line: DraftLine | RequestLine, entry: Entry, today: date) -> tuple[Finding, ...]:
    # R020, R053
    where = places.row(line.row, "时间范围")
    return check_ability(line.time_from, line.time_to, entry.asked(line.provider), today, where)


def _numbering(request: Request) -> list[Finding]:
    # Answers name lines by number.
    numbers = [line.line for line in request.lines]
    if numbers == list(range(1, len(numbers) + 1)) and all(line.row >= 1 for line in request.lines):
        return []
    return [
        Finding(
            "LINES_MISNUMBERED",
            "附表各行的序号不是自 1 起连续",
            "the lines are not numbered 1 to n, or a row is not counted from 1",
            "附表",
        )
    ]


def _entry(line: RequestLine, catalogue: Catalogue, today: date) -> list[Finding]:
    # R020, R052
    entry = catalogue.entry(line.resource)
    if entry is None or entry.category != line.category:
        return [
            Finding(
                "RESOURCE_UNKNOWN",
                "信息资源不在资源目录的该类别之内",
                "the resource is not in this category of the catalogue",
                places.row(line.row, "内容类别"),
            )
        ]
    if not set(line.items) <= {item.name for item in entry.items}:
        return [
            Finding(
                "ITEM_UNKNOWN",
                "内容项不在资源目录的该资源之内",
                "an item is not one the catalogue lists for the resource",
                places.row(line.row, "内容项"),
            )
        ]
    if len(set(line.items)) < len(line.items):
        return [
            Finding(
                "ITEM_TWICE",
                "内容项重复",
                "an item is asked twice",
                places.row(line.row, "内容项"),
            )
        ]
    if not set(line.items) - set(IDENTITY_ITEMS):
        return [
            Finding(
                "ITEMS_IDENTITY_ONLY",
                "只列了身份项，没有查询内容",
                "only identity items are asked",
                places.row(line.row, "内容项"),
            )
        ]
    return list(_ability(line, entry, today))
