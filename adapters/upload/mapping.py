"""The mapping of an agency whose department uploads: schedule and contacts of each resource.

Columns are those of the template, so that none is named here; these keys are added to what every
mapping has (`adapters.mapping.resource`):

    [source]
    kind = "upload"
    inbox = "inbox"                      # a folder whose files are loaded by themselves; optional
    keep_days = 400                      # how long the rows of a superseded version are kept

    [[resource]]
    name = "housing-fund-account"
    not_held = ["monthly_deposit"]       # items this department does not keep
    schedule = "yearly"                  # monthly, quarterly, half-yearly, yearly (R120-R123)
    due_day = 10                         # of the month after the period
    late = "answer"                      # or "not_answerable": what a query gets from late data
    late_days = 0                        # with "not_answerable": only when it is later than this
    holds_from = 2020-01-01              # first day that uploads tell of; optional
    department = "公积金管理中心"
    leader = "李主任"                     # contacts at the department (R125)
    handler = "张科员"
"""

from __future__ import annotations

from datetime import date
from pathlib import Path
from typing import Any, Literal, Self

from pydantic import Field, InstanceOf, model_validator

from adapters.contract import Setup
from adapters.mapping.document import SourceMapping, SourceSection
from adapters.mapping.faults import wrong
from adapters.mapping.resource import ResourceMapping
from adapters.upload.schedule import Schedule

KEEP_DAYS = 400
"""A year and a month: the same upload of the year before can still be looked at."""

_FILLED = {"person_name": "name", "id_type": "id_type", "id_number": "id_number"}
"""Keys of every mapping that the template decides, with the item that each names."""

_FIXED = {"id_type_value", "id_types", "time_column", "as_of_column", "as_of", "codes"}
"""Keys of every mapping that have no meaning here."""


class UploadSource(SourceSection):
    """`[source]`: where files arrive, how long old versions are kept."""

    inbox: Path | None = None
    keep_days: int = Field(default=KEEP_DAYS, ge=1, le=36500)


class UploadResource(ResourceMapping):
    """`[[resource]]`: one resource that a department uploads; a column is an item of the template.

    `columns`, `id_number`, `id_type` and `person_name` are filled in by `upload_mapping`.
    """

    schedule: Schedule
    due_day: int = Field(default=10, ge=1, le=28)
    late: Literal["answer", "not_answerable"] = "answer"
    late_days: int = Field(default=0, ge=0, le=3660)
    holds_from: InstanceOf[date] | None = None
    department: str = ""
    leader: str = ""
    handler: str = ""

    @model_validator(mode="after")
    def _by_the_template(self) -> Self:
        filled = all(getattr(self, key) == item for key, item in _FILLED.items())
        own_names = all(item == column for item, column in self.columns.items())
        whole = set(_FILLED.values()) <= set(self.columns)
        if not (filled and own_names and whole) or self.model_fields_set & _FIXED:
            raise wrong(
                "上传的列、代码和截至时间由模板和上传版本确定，请只用 not_held 列出不提供的内容项"
                "（姓名、证件类型、证件号码不可省略）",
                "columns, codes and as-of time come from template and upload: name only the items "
                "that are not held, which name, ID type and ID number cannot be",
            )
        return self


UploadMapping = SourceMapping[UploadSource, UploadResource]


def upload_mapping(setup: Setup) -> UploadMapping:
    """Read the mapping; every item of the catalogue that is held is a column of its own name.

    Raises:
        MappingError: `MAPPING_INVALID`, listing every fault with its key.
    """
    document = dict(setup.document)
    entries = document.get("resource")
    if isinstance(entries, list):
        document["resource"] = [_with_columns(setup, entry) for entry in entries]
    return UploadMapping.from_toml(document, setup.where, setup.folder)


def _with_columns(setup: Setup, entry: object) -> object:
    if not isinstance(entry, dict) or not isinstance(entry.get("name"), str):
        return entry
    resource = setup.resources.get(entry["name"])
    listed = entry.get("not_held", ())
    left_out = listed if isinstance(listed, list) else ()
    # A resource that the catalogue has not is named as a fault later, with all others.
    known = _FILLED.values() if resource is None else (item.name for item in resource.items)
    names = [name for name in known if name not in left_out]
    filled: dict[str, Any] = {**_FILLED, "columns": {name: name for name in names}}
    return filled | entry
