"""What every source's mapping says of one resource: who a row is about, what it holds.

It is a `[[resource]]` section of the adapter's TOML file; a connector adds keys of its own (an SQL
table, a path of a service). Frozen once read; keys it does not know are refused.

    [[resource]]
    name = "housing-fund-withdrawal"     # of the catalogue
    id_number = "zjhm"
    id_type = "zjlx"                     # or `id_type_value = "111"`, the default
    id_types = { "1" = "111" }           # source's code -> ours, where the column has its own
    person_name = "xm"                   # compared with the name asked about; default: name's
    name_mismatch = "not_answerable"     # or "not_found", "answer"
    time_column = "tqrq"                 # default: the column of the resource's time item
    as_of_column = "batch_date"          # or `as_of = 2026-01-31`; default: time of the lookup
    not_held = ["paid_to"]               # items this source does not keep
    [resource.columns]                   # item -> column; every item is here or in not_held
    name = "xm"
    id_type = "zjlx"
    id_number = "zjhm"
    account = "grzh"
    amount = "tqje"
    withdrawn_on = "tqrq"
    reason = "tqyy"
    [resource.codes.reason]              # source's code -> text, where an item needs it
    "01" = "购买住房"
"""

from __future__ import annotations

from datetime import date
from typing import Annotated, Literal, Self

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, InstanceOf, model_validator

from adapters.mapping.faults import wrong
from schemas.codes import id_types

RESIDENT_CARD = "111"
"""ID type of a source that has no column for it and names none: resident identity cards."""


def _id_type(code: str) -> str:
    if code not in id_types():
        raise wrong("不是证件类型代码（如 111）", "not a code of an ID type, such as 111")
    return code


IdTypeCode = Annotated[str, AfterValidator(_id_type)]


class Section(BaseModel):
    """One section of the file; a fault of it never repeats what it holds."""

    model_config = ConfigDict(
        frozen=True, extra="forbid", populate_by_name=False, hide_input_in_errors=True
    )


class NamedSection(Section):
    """A `[[resource]]` section of any connector: `name` is the catalogue's."""

    name: str


class ResourceMapping(NamedSection):
    """`[[resource]]`: what every source says of one resource of the catalogue.

    A column is whatever names a value in one row of the source: a column of a table, a path in a
    JSON document, a header of a sheet.
    """

    id_number: str
    id_type: str | None = None
    id_type_value: IdTypeCode | None = None
    id_types: dict[str, IdTypeCode] = Field(default_factory=dict)
    person_name: str | None = None
    name_mismatch: Literal["not_answerable", "not_found", "answer"] = "not_answerable"
    time_column: str | None = None
    as_of_column: str | None = None
    as_of: InstanceOf[date] | None = None
    not_held: tuple[str, ...] = ()
    columns: dict[str, str] = Field(min_length=1)
    codes: dict[str, dict[str, str]] = Field(default_factory=dict)

    @model_validator(mode="after")
    def _agrees_with_itself(self) -> Self:
        if self.id_type and self.id_type_value:
            raise wrong(
                "id_type 与 id_type_value 只能有一个", "give id_type or id_type_value, not both"
            )
        if self.id_types and not self.id_type:
            raise wrong("有 id_types 时须有 id_type 列", "id_types needs the column id_type")
        if self.as_of and self.as_of_column:
            raise wrong("as_of 与 as_of_column 只能有一个", "give as_of or as_of_column, not both")
        named = self.person_name or "name" in self.columns
        if "name_mismatch" in self.model_fields_set and not named:
            raise wrong(
                "有 name_mismatch 时须有 person_name 列或姓名的列",
                "name_mismatch needs person_name, or a column of the item name",
            )
        if set(self.not_held) & set(self.columns):
            raise wrong(
                "not_held 与 columns 不得列同一内容项", "an item is both in not_held and columns"
            )
        if set(self.codes) - set(self.columns):
            raise wrong(
                "codes 只能用于 columns 中的内容项", "codes names an item that is not in columns"
            )
        return self

    @property
    def only_id_type(self) -> str | None:
        """The one ID type of a source without a column for it, else None."""
        return None if self.id_type else self.id_type_value or RESIDENT_CARD

    @property
    def compared_name(self) -> str | None:
        """The column compared with the name asked about; None where none is held, or by policy."""
        if self.name_mismatch == "answer":
            return None
        return self.person_name or self.columns.get("name")

    @property
    def place(self) -> str:
        """What error texts call this part of the source: a table, a path, the resource."""
        return self.name

    @property
    def used(self) -> list[str]:
        """Every column that the mapping names, each once."""
        named = (
            self.id_number,
            self.id_type,
            self.person_name,
            self.time_column,
            self.as_of_column,
            *self.columns.values(),
        )
        return list(dict.fromkeys(name for name in named if name))
