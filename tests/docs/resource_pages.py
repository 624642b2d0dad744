"""The pages of the resources: an index, a page for each category, one of the code tables."""

from __future__ import annotations

import tomllib
from collections.abc import Iterator, Mapping
from importlib.resources import files
from pathlib import Path
from typing import Any

from schemas import codes
from schemas.resources import Item, ItemKind, Resource, resources

FOLDER = Path(__file__).resolve().parents[2] / "docs" / "resources"
EXAMPLES = FOLDER / "examples"
SUPPLIERS = Path(__file__).with_name("resource_suppliers.toml")

WRITTEN = "<!-- Written by tests/docs/test_docs_resources.py: HEDUI_WRITE_DOCS=1 -->"

KINDS = {
    ItemKind.TEXT: "文本 text",
    ItemKind.INTEGER: "整数 integer",
    ItemKind.BOOLEAN: "是否 yes or no",
    ItemKind.DATE: "日期 date",
    ItemKind.INSTANT: "时刻 instant",
    ItemKind.MONEY: "金额 money",
    ItemKind.DECIMAL: "小数 decimal",
}

UNITS = {
    "CNY": "元 yuan",
    "m2": "平方米 m²",
    "%": "百分数 %",
    "kW": "千瓦 kW",
    "mL": "毫升 mL",
    "GT": "总吨 gross tons",
    "month": "月 months",
    "person": "人 persons",
}


def suppliers() -> list[dict[str, Any]]:
    """Return the departments with the resources each supplies."""
    found: list[dict[str, Any]] = tomllib.loads(SUPPLIERS.read_text("utf-8"))["supplier"]
    return found


def pages() -> Mapping[str, str]:
    """Return the text of each page by its file name."""
    by_category = {category: list(_of(category)) for category in codes.categories()}
    made = {f"{code}.md": _category(code, found) for code, found in by_category.items()}
    return {"README.md": _index(by_category), "codes.md": _codes(), **made}


def _of(category: str) -> Iterator[Resource]:
    return (resource for resource in resources().values() if resource.category == category)


def _index(by_category: Mapping[str, list[Resource]]) -> str:
    who = {name: one for one in suppliers() for name in one["resources"]}
    lines = [
        WRITTEN,
        "# Resources 信息资源",
        "",
        "What a query can ask for. Each resource has a schema in `schemas/resource`, here a page",
        "with its items, an example of a mapping, and sample rows of people who do not exist. The",
        "list is open: a resource may come [with the directory](../spec/catalogue.md) and needs no",
        "code. How names and code tables were chosen:",
        "[decision 0031](../decisions/0031-resources-and-codes.md).",
        "",
        "The department is the one that the rules give the duty to; who really answers is what",
        "the catalogue says. A time range applies to the time item; where there is none, the",
        "resource is a state and [the latest is answered](../decisions/0007-time-ranges.md).",
        "What the numbers of statements mean: [the regulation](../regulation.md).",
        "",
        "| category 类别 | resource 资源 | 中文名 | department 提供部门 | statements | time item |",
        "|---|---|---|---|---|---|",
    ]
    for code, found in by_category.items():
        page = f"[{codes.categories()[code].zh}]({code}.md)"
        for resource in found:
            one = who[resource.name]
            lines.append(
                f"| {page} | `{resource.name}` | {resource.zh} | {one['zh']} {one['en']} "
                f"| {_statements(resource)} | {_time_item(resource) or '—'} |"
            )
    lines += [
        "",
        "## Departments 提供部门",
        "",
        "| department | in the rules | place | resources |",
        "|---|---|---|---|",
    ]
    for one in suppliers():
        listed = "、".join(resources()[name].zh for name in one["resources"])
        then = one.get("then", one["zh"])
        lines.append(f"| {one['zh']} {one['en']} | {then} | {one['place']} | {listed} |")
    return "\n".join([*lines, ""])


def _category(code: str, found: list[Resource]) -> str:
    row = codes.categories()[code]
    level = f" Organised at: {codes.levels()[row.level].zh} {row.level}." if row.level else ""
    lines = [
        WRITTEN,
        f"# {row.zh} {row.en}",
        "",
        f"Category `{code}` of [the resources](README.md).{level}",
    ]
    for resource in found:
        lines += ["", *_resource(resource)]
    return "\n".join([*lines, ""])


def _resource(resource: Resource) -> Iterator[str]:
    zh, _, en = resource.schema.source["doc"].partition(" / ")
    yield f"## {resource.zh} {resource.en}"
    yield ""
    yield f"`{resource.name}`: {zh}。 {en}"
    yield ""
    when = _time_item(resource)
    yield f"- statements: {_statements(resource)}"
    yield f"- time item: {when or 'none, the latest state is answered'}"
    yield (
        f"- [schema](../../schemas/{resource.schema.name}.avsc), "
        f"[example of a mapping](examples/{resource.name}.toml), "
        f"[sample rows](examples/{resource.name}.csv)"
    )
    yield ""
    yield "| item | 内容项 | | kind | unit | codes |"
    yield "|---|---|---|---|---|---|"
    for item in resource.items:
        yield _item(item)


def _item(item: Item) -> str:
    table = f"[{item.codes}](codes.md#{item.codes})" if item.codes else ""
    unit = UNITS[item.unit] if item.unit else ""
    return f"| `{item.name}` | {item.zh} | {item.en} | {KINDS[item.kind]} | {unit} | {table} |"


def _statements(resource: Resource) -> str:
    return str(resource.schema.source["hedui"]["requirement"])


def _time_item(resource: Resource) -> str:
    item = resource.item(resource.time_item or "")
    return f"{item.zh} `{item.name}`" if item else ""


def _codes() -> str:
    lines = [
        WRITTEN,
        "# Code tables 代码表",
        "",
        "The tables that [resources](README.md) name. What travels is the code; a source may hold",
        "code, name or alias, and whoever reads a result sees the name. A value that is none of",
        "them makes the person not answerable (`VALUE_INVALID`) until the mapping translates it",
        "(`[resource.codes.<item>]`). A table is a file in `schemas/codes`: a new one needs no",
        "change of the program.",
    ]
    for name in sorted({i.codes for r in resources().values() for i in r.items if i.codes}):
        lines += ["", f"## {name}", "", *_about(name), "", "| code | 名称 | | aliases |"]
        lines.append("|---|---|---|---|")
        lines += [
            f"| `{row.code}` | {row.zh} | {row.en} | {'、'.join(row.aliases)} |"
            for row in codes.table(name).values()
        ]
    return "\n".join([*lines, ""])


def _about(name: str) -> Iterator[str]:
    """Yield what the file says of itself in its first comment."""
    text = files("schemas").joinpath("codes", f"{name}.toml").read_text("utf-8")
    for line in text.partition("rows = [")[0].splitlines():
        if line.startswith("# "):
            yield line.removeprefix("# ")
