"""From rows of the attached table to request lines: one line for each resource asked (R049, R052).

A row names a content category (内容类别), or the Chinese title of one resource, and may name items
(内容项). Items left empty ask for all; identity items go with every line, since an answer must say
whom it is about. ★ The time range of a row that names several resources goes to those that can be
asked for one; of the others, whose providers know the latest state alone, that state is asked
(docs/decisions/0025).
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from bus.catalog.catalogue import Catalogue, Entry
from bus.errors import InputError
from bus.model.request import DraftLine, RequestLine
from schemas.resources import IDENTITY_ITEMS


class CatalogueError(InputError):
    """A row of the attached table asks for something the catalogue does not have."""


def expand(lines: Iterable[DraftLine], catalogue: Catalogue) -> tuple[RequestLine, ...]:
    """Return the request lines of a draft, numbered from 1 over the whole request.

    Args:
        lines: The rows of the attached table.
        catalogue: The catalogue the application is written against.

    Raises:
        CatalogueError: As `choose`, for the first row at fault.
    """
    chosen = [
        (line, entry, items, ranged)
        for line in lines
        for entry, items, ranged in with_range(line, choose(line, catalogue))
    ]
    return tuple(
        RequestLine(
            line=number,
            row=line.row,
            provider=line.provider,
            category=entry.category,
            resource=entry.resource,
            items=items,
            time_from=line.time_from if ranged else None,
            time_to=line.time_to if ranged else None,
        )
        for number, (line, entry, items, ranged) in enumerate(chosen, 1)
    )


def with_range(
    line: DraftLine, chosen: Iterable[tuple[Entry, tuple[str, ...]]]
) -> tuple[tuple[Entry, tuple[str, ...], bool], ...]:
    """Return the resources a row asks for, and whether the row's time range goes to each (R053).

    When none of them can be asked for a range, it goes to all: the range is then found at fault.
    """
    asked = tuple(chosen)
    able = [not _latest_only(entry, line.provider) for entry, _ in asked]
    return tuple(
        (entry, items, can or not any(able))
        for (entry, items), can in zip(asked, able, strict=True)
    )


def _latest_only(entry: Entry, provider: str) -> bool:
    covered = entry.asked(provider)
    return bool(covered) and all(one.latest_only for one in covered)


def choose(line: DraftLine, catalogue: Catalogue) -> tuple[tuple[Entry, tuple[str, ...]], ...]:
    """Return the resources one row asks for, each with its items in the schema's order.

    Raises:
        CatalogueError: `CATEGORY_MISSING` or `CATEGORY_UNKNOWN` for the category, `ITEM_UNKNOWN`
            for an item that none of its resources has, `ITEMS_IDENTITY_ONLY` when only identity
            items are asked. The remedy lists what is allowed.
    """
    entries = _entries(line, catalogue)
    if not line.items:
        return tuple((entry, tuple(item.name for item in entry.items)) for entry in entries)
    for text in line.items:
        if all(entry.item(text) is None for entry in entries):
            raise _fault(
                line,
                "内容项",
                ("ITEM_UNKNOWN", "内容项不在资源目录的该类别之内", "not an item of this category"),
                _labels(entries),
            )
    chosen = tuple((entry, items) for entry in entries if (items := _items(entry, line.items)))
    if not chosen:
        raise _fault(
            line,
            "内容项",
            ("ITEMS_IDENTITY_ONLY", "只列了身份项，没有查询内容", "only identity items are asked"),
            _labels(entries),
        )
    return chosen


def _entries(line: DraftLine, catalogue: Catalogue) -> tuple[Entry, ...]:
    # R020, R052
    titles = list(dict.fromkeys(entry.category_zh for entry in catalogue.entries))
    if not line.category.strip():
        zh, en = "没有填写内容类别", "the content category is missing"
        raise _fault(line, "内容类别", ("CATEGORY_MISSING", zh, en), titles)
    entries = catalogue.named(line.category)
    if not entries:
        zh, en = "内容类别不在资源目录之内", "the content category is not in the catalogue"
        raise _fault(line, "内容类别", ("CATEGORY_UNKNOWN", zh, en), titles)
    return entries


def _items(entry: Entry, asked: Sequence[str]) -> tuple[str, ...]:
    """Return the items of an entry that are asked, none when only its identity items are."""
    wanted = {item.name for text in asked if (item := entry.item(text)) is not None}
    if not wanted - set(IDENTITY_ITEMS):
        return ()
    wanted |= set(IDENTITY_ITEMS)
    return tuple(item.name for item in entry.items if item.name in wanted)


def _labels(entries: Iterable[Entry]) -> list[str]:
    return list(dict.fromkeys(item.zh for entry in entries for item in entry.content_items))


def _fault(
    line: DraftLine, column: str, about: tuple[str, str, str], allowed: Sequence[str]
) -> CatalogueError:
    code, zh, en = about
    listed = "、".join(allowed) or "（资源目录为空）"
    return CatalogueError(
        code,
        zh,
        en,
        remedy_zh=f"可填：{listed}",
        remedy_en=f"Allowed: {listed}",
        where=f"附表 第 {line.row} 行 {column}",
    )
