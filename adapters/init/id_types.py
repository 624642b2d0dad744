"""Asks what the source's own codes of ID types stand for."""

from __future__ import annotations

import re
from collections.abc import Iterable

from adapters.init.asking import Asking, Question, invalid, one_of
from adapters.mapping.resource import RESIDENT_CARD
from adapters.values import digits_of
from schemas.codes import id_types

_CODE = re.compile(r"[0-9A-Za-z]{1,3}|[\u4e00-\u9fff]*[证簿照]")
_MOST_CODES = 20


def ask_only_id_type(asking: Asking) -> str:
    """Return the ID type of a source that has no column for it."""
    return _ask(asking, "id_type_value", "来源只登记一种证件类型", "the one ID type of this source")


def ask_id_types(asking: Asking, values: Iterable[object]) -> dict[str, str]:
    """Return the source's codes with ours; none where its codes are ours, or are none.

    Raises:
        InputError: `ANSWER_INVALID`: the column does not look like one of ID types. What it holds
            is not told: it may be the column of names.
    """
    seen = sorted({text for value in values if (text := _text(value))})
    known = {text: row.code for text in seen if (row := id_types().find(text)) is not None}
    own = [text for text in seen if text not in known]
    if len(own) > _MOST_CODES or not all(_CODE.fullmatch(text) for text in own):
        raise invalid(
            "此列的值不像证件类型", "its values do not look like ID types", "columns.id_type"
        )
    asked = {
        text: _ask(
            asking, f"id_types.{text}", f"来源的证件类型“{text}”", f"the source's ID type {text}"
        )
        for text in own
    }
    return {**known, **asked} if asked else {}


def _ask(asking: Asking, key: str, zh: str, en: str) -> str:
    listed = "，".join(f"{code} {row.zh}" for code, row in id_types().items())
    check = one_of(tuple(id_types()))
    return asking.ask(Question(key, zh, en, RESIDENT_CARD, listed, "a code of an ID type", check))


def _text(raw: object) -> str:
    try:
        return digits_of(raw)
    except ValueError:
        return ""
