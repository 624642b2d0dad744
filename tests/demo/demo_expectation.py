"""What a query must yield, worked out from the workbook and the CSV files alone.

None of the product's code takes part: openpyxl and csv read the files, the rules are written out
again here.
"""

from __future__ import annotations

import csv
import json
import re
import tomllib
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

from openpyxl import load_workbook

CATEGORIES = {
    "住房公积金": ("housing-fund-account", "housing-fund-loan", "housing-fund-withdrawal"),
    "住房保障": ("urban-housing-security",),
    "婚姻登记": ("marriage-registration",),
    "户籍": ("household-registration",),
}
PROVINCES = {"江苏": "320000", "重庆": "500000", "山东": "370000", "北京": "110000"}
IDENTITY = {"name", "id_type", "id_number"}

Outcomes = dict[tuple[int, str, str, int], tuple[str, str | None, list[dict[str, Any]]]]
"""(row of 附表, provider, resource, person) → outcome, code, records."""

Codes = dict[str, dict[str, str]]
"""Code table → code, title or other name → code."""


@dataclass
class Resource:
    fields: dict[str, dict[str, Any]]
    time_item: str | None

    @classmethod
    def read(cls, schemas: Path, name: str) -> Resource:
        source = json.loads((schemas / "resource" / f"{name}.v1.avsc").read_text("utf-8"))
        return cls({f["name"]: f for f in source["fields"]}, source["hedui"]["time_item"])

    def field_of(self, title: str) -> str:
        return next(n for n, f in self.fields.items() if title in (n, f["zh"]))


def read_codes(schemas: Path) -> Codes:
    tables = {}
    for name in ("id-types", "relations"):
        rows = tomllib.loads((schemas / "codes" / f"{name}.toml").read_text("utf-8"))["rows"]
        tables[name] = {
            text: row["code"]
            for row in rows
            for text in (row["code"], row["zh"], *row.get("aliases", ()))
        }
    return tables


def table(workbook: Path, sheet: str) -> list[dict[str, str]]:
    rows = list(load_workbook(workbook)[sheet].iter_rows(min_row=2, values_only=True))
    titles = [str(title).rstrip("*") for title in rows[0]]
    return [
        dict(zip(titles, ["" if c is None else str(c) for c in row], strict=True))
        for row in rows[1:]
        if any(row)
    ]


def expected(workbook: Path, data: Path, schemas: Path) -> Outcomes:
    codes = read_codes(schemas)
    people = table(workbook, "名单")
    found: Outcomes = {}
    for row, line in enumerate(table(workbook, "附表"), 1):
        for name in CATEGORIES[line["内容类别"]]:
            resource = Resource.read(schemas, name)
            titles = set(line["内容项"].split("、")) - {""}
            asked = {n for n, f in resource.fields.items() if f["zh"] in titles}
            if titles and not asked:
                continue
            for file in files_of(data, line["信息提供方"], name):
                rows = list(read(file, resource, codes))
                for number, person in enumerate(people, 1):
                    key = (row, file.parent.name, name, number)
                    found[key] = outcome(rows, person, line["时间范围"], resource, codes, asked)
    return found


def files_of(data: Path, provider: str, resource: str) -> Iterator[Path]:
    centre = {"部中心": "hub"}.get(provider) or PROVINCES.get(provider)
    for file in sorted(data.glob(f"*/{resource}.csv")):
        if provider == "全国" or file.parent.name.startswith(f"{centre}."):
            yield file


def read(file: Path, resource: Resource, codes: Codes) -> Iterator[dict[str, Any]]:
    with file.open(encoding="utf-8-sig", newline="") as opened:
        for row in csv.DictReader(opened):
            cells = {resource.field_of(title): text.strip() for title, text in row.items()}
            yield {n: value(resource.fields[n], text, codes) for n, text in cells.items()}


def value(field: dict[str, Any], text: str, codes: Codes) -> str | int | None:
    kind = field["type"][1]
    logical = kind.get("logicalType") if isinstance(kind, dict) else kind
    if not text:
        return None
    if logical == "decimal":
        return str(Decimal(text).quantize(Decimal("0.01")))
    if logical == "date":
        found = re.fullmatch(r"(\d{4})[-/]?(\d{1,2})[-/]?(\d{1,2})", text)
        return date(*map(int, found.groups())).isoformat()
    if logical == "int":
        return int(text)
    return codes[field["codes"]][text] if "codes" in field else text


def outcome(
    rows: list[dict[str, Any]],
    person: dict[str, str],
    span: str,
    resource: Resource,
    codes: Codes,
    asked: set[str],
) -> tuple[str, str | None, list[dict[str, Any]]]:
    id_type = codes["id-types"][person["证件类型"]]
    typed = not rows or "id_type" in rows[0]
    if not typed and id_type != "111":
        return "NOT_ANSWERABLE", "ID_TYPE_NOT_HELD", []
    mine = [r for r in rows if r["id_number"] == person["证件号码"]]
    mine = [r for r in mine if not typed or r["id_type"] == id_type]
    if any(r["name"] != person["姓名"] for r in mine):
        return "NOT_ANSWERABLE", "NAME_MISMATCH", []
    if span and resource.time_item:
        first, _, last = span.replace("/", "-").partition("-20")
        last = f"20{last}" if last else first
        mine = [r for r in mine if first <= r[resource.time_item] <= last]
    items = asked | IDENTITY if asked else set(resource.fields)
    records = [{n: r.get(n) for n in resource.fields if n in items} for r in mine]
    return ("FOUND" if records else "NOT_FOUND"), None, ordered(records)


def ordered(records: list[dict[str, Any]]) -> list[dict[str, Any]]:
    return sorted(records, key=lambda record: json.dumps(record, ensure_ascii=False))


def answered(result: dict[str, Any]) -> Outcomes:
    """What a JSON result says, in the same form; nobody may be answered twice."""
    rows = {line["line"]: line["row"] for line in result["lines"]}
    found: Outcomes = {}
    for answer in result["answers"]:
        for one in answer["outcomes"]:
            key = (rows[one["line"]], answer["provider"], answer["resource"], one["reference"])
            assert key not in found
            found[key] = (one["outcome"], one["code"], ordered(one["records"]))
    return found
