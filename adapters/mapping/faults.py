"""Faults of a mapping: each with the key and the remedy, all of them at once.

Values of the file are never repeated: a connection URL may hold a secret.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from pydantic_core import ErrorDetails, PydanticCustomError

from bus.errors import ConfigError
from bus.model.messages import Finding

_WRONG = "取值不合要求"

_TEXTS: Mapping[str, tuple[str, str]] = {
    "missing": ("缺少此键，请补充", "this key is missing; add it"),
    "extra_forbidden": ("不认识此键，请更正或删除", "no such key; correct or remove it"),
    "string_type": ("须为带引号的文本", "a quoted text is needed"),
    "bool_type": ("须为 true 或 false", "true or false is needed"),
    "bool_parsing": ("须为 true 或 false", "true or false is needed"),
    "dict_type": ("须为表（键 = 值）", "a table (key = value) is needed"),
    "model_type": ("须为表（键 = 值）", "a table (key = value) is needed"),
    "tuple_type": ("须为列表", "a list is needed"),
    "is_instance_of": (
        "须为日期或时间（不加引号）",
        "a date or a date and time, unquoted, is needed",
    ),
    "too_short": ("不得为空", "it must not be empty"),
    "list_type": ("须为列表", "a list is needed"),
    "int_type": ("须为整数", "a whole number is needed"),
    "int_parsing": ("须为整数", "a whole number is needed"),
    "int_from_float": ("须为整数", "a whole number is needed"),
    "float_type": ("须为数值", "a number is needed"),
    "float_parsing": ("须为数值", "a number is needed"),
    "path_type": ("须为带引号的文件路径", "a quoted path of a file is needed"),
    "literal_error": ("须为下列之一：{expected}", "one of these is needed: {expected}"),
    "greater_than": ("须大于 {gt}", "it must be greater than {gt}"),
    "greater_than_equal": ("不得小于 {ge}", "it must be at least {ge}"),
    "less_than_equal": ("不得大于 {le}", "it must be at most {le}"),
}
"""What our operators read for pydantic's error types; its own texts can repeat values."""


class MappingError(ConfigError):
    """The mapping is not well formed, or does not fit the catalogue or the source.

    `findings` lists every fault; their `where` names a key, or a table and column.
    """

    def __init__(self, code: str, findings: Sequence[Finding], *, where: str) -> None:
        listed_zh = "；".join(f"[{one.where}] {one.zh}" for one in findings)
        listed_en = "; ".join(f"[{one.where}] {one.en}" for one in findings)
        super().__init__(
            code,
            f"映射有 {len(findings)} 处错误：{listed_zh}",
            f"the mapping has {len(findings)} fault(s): {listed_en}",
            where=where,
        )
        self.findings = tuple(findings)


def wrong(zh: str, en: str) -> PydanticCustomError:
    """Return what a validator raises: its text in both languages."""
    return PydanticCustomError("mapping", "{en}", {"zh": zh, "en": en})


def finding(fault: ErrorDetails) -> Finding:
    """Return what an operator reads for one fault that pydantic found."""
    if fault["type"] == "mapping":
        zh, en = fault["ctx"]["zh"], fault["ctx"]["en"]
    else:
        known = _TEXTS.get(fault["type"], (_WRONG, "it is not an accepted value"))
        zh, en = (text.format_map(fault.get("ctx", {})) for text in known)
    return Finding("MAPPING_INVALID", zh, en, _key(fault["loc"]) or "resource")


def _key(path: Sequence[str | int]) -> str:
    """Write a key's path as an operator would look for it: `resource[2].columns.balance`."""
    text = ""
    for step in path:
        text += f"[{step + 1}]" if isinstance(step, int) else f".{step}"
    return text.lstrip(".")
