"""How the faults of a TOML file are told: each key, what is wrong, what to do; never a value."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from pydantic import ValidationError

_TEXTS = {
    "missing": ("缺少此项，请补充", "is missing: add it"),
    "extra_forbidden": ("不认识此项，请更正或删除", "is not known: correct or remove it"),
    "environment": ("环境变量须写成 HEDUI_节__项", "write it as HEDUI_SECTION__KEY"),
}


@dataclass(frozen=True, slots=True)
class KeyFault:
    """One faulty key: the library's name for the fault and what it says, without the value."""

    kind: str
    key: str
    said: str = ""


def faults_of(error: ValidationError) -> list[KeyFault]:
    """Return the faults a validation found."""
    found = error.errors(include_input=False, include_url=False, include_context=False)
    return [KeyFault(f["type"], ".".join(map(str, f["loc"])), f["msg"]) for f in found]


def told(faults: Iterable[KeyFault]) -> tuple[str, str]:
    """Return all faults in one Chinese and one English text."""
    zh, en = [], []
    for fault in faults:
        why = fault.said.removeprefix("Value error, ")
        wrong_zh, wrong_en = _TEXTS.get(fault.kind, (f"取值不合要求（{why}）", why))
        zh.append(f"{fault.key}：{wrong_zh}")
        en.append(f"{fault.key}: {wrong_en}")
    return "；".join(zh), "; ".join(en)
