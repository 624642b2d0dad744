"""Cells whose values come from a code table: what they offer and what they mean (R021, R050, R052).

A label, one of its other names, or the code itself is taken; the model gets the code.
"""

from __future__ import annotations

from collections.abc import Callable

from bus.rules.provider import (
    CENTRE_TITLE,
    NATIONWIDE_TITLE,
    ProviderError,
    parse_provider,
)
from bus.workbook.cells import CellProblem, label, plain_text
from bus.workbook.sheets import Cell
from schemas import codes

YES_NO = ("是", "否")


def labels(table: codes.CodeTable[codes.Row]) -> tuple[str, ...]:
    """The Chinese names a drop-down list offers, in the table's order."""
    return tuple(row.zh for row in table.values())


def provider_labels() -> tuple[str, ...]:
    """全国, 部中心 and the provinces as the form writes them (R050)."""
    return (
        NATIONWIDE_TITLE,
        CENTRE_TITLE,
        *(region.short for region in codes.regions().values()),
    )


def one_of(table: codes.CodeTable[codes.Row]) -> Callable[[Cell], str]:
    """A reader for cells that must name a row of the table; it returns the row's code."""

    def read(cell: Cell) -> str:
        row = table.find(label(cell))
        if row is None:
            raise CellProblem(
                "CHOICE_UNKNOWN",
                "不在可选范围内",
                "not one of the choices",
                "、".join(labels(table)),
            )
        return row.code

    return read


def provider(cell: Cell) -> str:
    """The provider code of a cell of 信息提供方 (R050-R051)."""
    try:
        return parse_provider(plain_text(cell))
    except ProviderError as error:
        allowed = "、".join(provider_labels())
        raise CellProblem(error.code, error.zh, error.en, allowed) from None


def category(cell: Cell) -> str:
    """A content category's code where it is one of the basic ones, else the title as given.

    The list is open (R005): a title may be that of a catalogue resource, which only the catalogue
    of the day can tell.
    """
    title = label(cell)
    row = codes.categories().find(title)
    return title if row is None else row.code


def stated_business(cell: Cell) -> tuple[str, str]:
    """The business category's code, and the business as the form writes it (R021, R043)."""
    code = one_of(codes.business())(cell)
    given = label(cell)
    return code, codes.business()[code].zh if given == code else given
