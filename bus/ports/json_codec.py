"""Dataclasses ↔ JSON text: the one form in which a store keeps what it never looks into.

The twin uses it too, so that what would not survive the database does not survive there.
"""

from __future__ import annotations

from types import GenericAlias
from typing import Any, Generic, TypeVar, cast

from pydantic import ConfigDict, TypeAdapter, ValidationError
from pydantic_core import PydanticSerializationError

from bus.errors import DefectError
from bus.ports.store_errors import StoreCorrupt

T = TypeVar("T")


class JsonCodec(Generic[T]):
    """Writes and reads one kind of dataclass.

    Digests are raw bytes, so base64; strict and without extras, so that a row of another version's
    shape is noticed and not half read.

    Args:
        kind: The dataclass.
        code: What its errors' codes begin with.
        zh: What it is called.
        en: The same in English, with its article.
    """

    def __init__(self, kind: type[T], code: str, zh: str, en: str) -> None:
        # The tuple of one: pydantic takes a config for a plain dataclass from what contains it.
        self._filed: TypeAdapter[Any] = TypeAdapter(
            cast("Any", GenericAlias(tuple, (kind,))),
            config=ConfigDict(
                ser_json_bytes="base64", val_json_bytes="base64", strict=True, extra="forbid"
            ),
        )
        self._code, self._zh, self._en = code, zh, en

    def encode(self, value: T, where: str) -> str:
        """Return a value as JSON text.

        Args:
            value: What to write.
            where: What it is about, for the error.

        Raises:
            DefectError: `<code>_UNWRITABLE`: it holds text that is not Unicode.
        """
        try:
            return self._filed.dump_json((value,)).decode()
        except PydanticSerializationError:
            # `from None`: the foreign text quotes the value.
            raise DefectError(
                f"{self._code}_UNWRITABLE",
                f"{self._zh}中有无法写成 JSON 的内容",
                f"{self._en} holds a value that has no JSON form",
                where=where,
            ) from None

    def decode(self, text: str) -> T:
        """Return the value that `encode` wrote.

        Raises:
            StoreCorrupt: `<code>_UNREADABLE`: the text is not of this version's shape.
        """
        try:
            (value,) = self._filed.validate_json(text)
        except ValidationError as error:
            places = {".".join(str(step) for step in fault["loc"]) for fault in error.errors()}
            # `from None`: the foreign text quotes the value.
            raise StoreCorrupt(
                f"{self._code}_UNREADABLE",
                f"存储的{self._zh}无法读取",
                f"{self._en} that was stored cannot be read",
                remedy_zh="请从备份恢复数据库，并报告此问题",
                remedy_en="restore the database from a backup and report this",
                where=", ".join(sorted(places)),
            ) from None
        read: T = value
        return read
