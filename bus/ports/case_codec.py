"""Cases ↔ JSON text: the one form in which a store keeps a case.

The twin uses it too, so that a case that would not survive the database does not survive there.
"""

from __future__ import annotations

from pydantic import ConfigDict, TypeAdapter, ValidationError
from pydantic_core import PydanticSerializationError

from bus.errors import DefectError
from bus.model.case import Case
from bus.ports.store_errors import StoreCorrupt

# Digests are raw bytes, so base64; strict and without extras, so that a case of another version's
# shape is noticed and not half read. The tuple of one is there because pydantic takes a config
# for a plain dataclass only from what contains it.
_FILED = TypeAdapter(
    tuple[Case],
    config=ConfigDict(
        ser_json_bytes="base64", val_json_bytes="base64", strict=True, extra="forbid"
    ),
)


def encode_case(case: Case) -> str:
    """Return a case as JSON text.

    Raises:
        DefectError: `CASE_UNWRITABLE`: a value has no JSON form (text that is not Unicode).
    """
    try:
        return _FILED.dump_json((case,)).decode()
    except PydanticSerializationError:
        # `from None`: the foreign text quotes the value.
        raise DefectError(
            "CASE_UNWRITABLE",
            "案件中有无法写成 JSON 的内容",
            "a case holds a value that has no JSON form",
            where=str(case.query),
        ) from None


def decode_case(text: str) -> Case:
    """Return the case that `encode_case` wrote.

    Raises:
        StoreCorrupt: `CASE_UNREADABLE`: the text is not a case of this version's shape.
    """
    try:
        (case,) = _FILED.validate_json(text)
    except ValidationError as error:
        places = {".".join(str(step) for step in fault["loc"]) for fault in error.errors()}
        # `from None`: the foreign text quotes the value.
        raise StoreCorrupt(
            "CASE_UNREADABLE",
            "存储的案件无法读取",
            "a stored case cannot be read",
            remedy_zh="请从备份恢复数据库，并报告此问题",
            remedy_en="restore the database from a backup and report this",
            where=", ".join(sorted(places)),
        ) from None
    return case
