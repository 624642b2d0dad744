"""The catalogue as a workbook for people (R036): one row for each resource of each agency."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta, timezone

from bus.catalog.catalogue import Catalogue, Entry, Provider
from bus.catalog.versions import CatalogueVersion
from bus.rules.provider import ProviderError, provider_title
from bus.workbook.result import write_table
from bus.workbook.save import new_workbook, to_bytes
from schemas.codes import levels, modes, time_ranges, updates

_SHANGHAI = timezone(timedelta(hours=8))
_COLUMNS = (
    "内容类别",
    "信息资源",
    "信息提供方",
    "机构",
    "层级",
    "内容项",
    "反馈期限（工作日）",
    "时间范围",
    "可追溯（月）",
    "更新周期",
    "反馈方式",
)


def catalogue_workbook(kept: CatalogueVersion) -> bytes:
    """Return a version of the catalogue as an .xlsx file; the same version yields the same bytes.

    Sheets: 资源目录, and 说明 with the version and since when it stands.

    Args:
        kept: The version.
    """
    workbook = new_workbook(write_only=True)
    write_table(workbook, "资源目录", _rows(kept.catalogue))
    write_table(workbook, "说明", iter(_about(kept)))
    return to_bytes(workbook)


def ability_text(provider: Provider) -> str:
    """Return which time ranges a provider can be asked for; empty where it does not say."""
    return "" if provider.range is None else time_ranges()[provider.range].zh


def area_title(area: str) -> str:
    """Return what a request line names to ask a provider: 部中心 or a province (R050)."""
    try:
        return provider_title(area)
    except ProviderError:
        # A participant that is no province of the table is listed by what it is called.
        return area


def _about(kept: CatalogueVersion) -> list[list[str]]:
    since = kept.since.astimezone(_SHANGHAI)
    return [
        ["项目", "内容"],
        ["资源目录版本", str(kept.version)],
        ["自", f"{since:%Y-%m-%d %H:%M}"],
        ["信息资源", str(len(kept.catalogue.entries))],
    ]


def _rows(catalogue: Catalogue) -> Iterator[list[str]]:
    yield list(_COLUMNS)
    for entry in sorted(catalogue.entries, key=lambda e: (e.category, e.resource)):
        for provider in entry.providers:
            yield _row(entry, provider)


def _row(entry: Entry, provider: Provider) -> list[str]:
    items = (item.zh for item in entry.items if item.name in provider.items)
    schedule = updates().get(provider.updates or "")
    return [
        entry.category_zh,
        entry.zh,
        area_title(provider.area),
        provider.title or provider.adapter,
        levels()[provider.level].zh,
        "、".join(items),
        str(provider.term_working_days),
        ability_text(provider),
        "" if provider.back_months is None else str(provider.back_months),
        (provider.updates or "") if schedule is None else schedule.zh,
        modes()[provider.mode].zh,
    ]
