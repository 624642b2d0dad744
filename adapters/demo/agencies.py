"""The agencies of a run, from a folder of tables: `DIR/<agency id>/<resource>.csv`.

The folders decide who takes part: an agency of any of the four centres, so that a Shandong agency
may answer too.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from importlib.resources import files
from pathlib import Path

from adapters.demo.csv_table import Table, read_table
from adapters.demo.faults import DataFaultsError, fault
from bus.workbook.faults import Fault
from schemas.resources import resources
from signer.identity import HUB, IdentityError, Role, role_of

SHANDONG = "370000"
CENTRES = {
    HUB: "部中心",
    SHANDONG: "山东省核对中心",
    "320000": "江苏省核对中心",
    "500000": "重庆市核对中心",
}
"""The centres of every run, with their titles; Shandong asks."""

MAX_AGENCIES = 12
"""Each is a process; a laptop carries this many."""

_REGIONS = {HUB: "部中心", SHANDONG: "山东", "320000": "江苏", "500000": "重庆"}
_AGENCIES = {
    "housing-fund": "住房公积金中心",
    "housing-bureau": "住房保障部门",
    "marriage": "婚姻登记库",
}


@dataclass(frozen=True, slots=True)
class Agency:
    """An agency: its id, its title, and its tables, which were read from `folder`."""

    id: str
    title: str
    tables: tuple[Table, ...]
    folder: Path


def shipped_data() -> Path:
    """Return the folder of what is shipped: `application.xlsx` and `tables`."""
    return Path(str(files("adapters.demo") / "data"))


def load_agencies(folder: Path) -> tuple[Agency, ...]:
    """Read every agency's tables.

    Args:
        folder: Holds one folder for each agency.

    Raises:
        DataFaultsError: `DATA_FAULTS`, naming every fault with file, row and column.
    """
    faults: list[Fault] = []
    agencies = [agency for entry in _entries(folder, faults) if (agency := _agency(entry, faults))]
    if not faults and not agencies:
        zh, en = "没有任何机构的数据", "there is no agency's data"
        faults.append(fault(str(folder), "AGENCIES_MISSING", zh, en, allowed=_allowed_ids()))
    if len(agencies) > MAX_AGENCIES:
        zh, en = f"机构超过 {MAX_AGENCIES} 个", f"more than {MAX_AGENCIES} agencies"
        faults.append(fault(str(folder), "AGENCIES_TOO_MANY", zh, en))
    if faults:
        raise DataFaultsError(faults)
    return tuple(agencies)


def _entries(folder: Path, faults: list[Fault]) -> Iterator[Path]:
    """Yield the visible folders; a table that lies beside them is a fault, other files are not."""
    try:
        entries = sorted(folder.iterdir())
    except OSError:
        zh, en = "目录不存在或无法读取", "the folder is missing or cannot be read"
        faults.append(fault(str(folder), "DATA_UNREADABLE", zh, en))
        return
    for entry in entries:
        if entry.name.startswith("."):
            continue
        if entry.is_dir():
            yield entry
        elif entry.suffix.lower() == ".csv":
            zh, en = "表格须放在机构编号的目录内", "a table belongs in its agency's folder"
            faults.append(fault(entry.name, "AGENCY_MISSING", zh, en, allowed=_allowed_ids()))


def _agency(folder: Path, faults: list[Fault]) -> Agency | None:
    name = folder.name
    centre, _, agency = name.partition(".")
    if not _is_agency(name) or centre not in CENTRES:
        zh, en = "目录名不是演示中的机构编号", "not the id of an agency of the demo"
        faults.append(fault(name, "AGENCY_UNKNOWN", zh, en, allowed=_allowed_ids()))
        return None
    tables = tuple(_tables(folder, faults))
    if not tables and not faults:
        zh, en = "该机构没有任何表格", "this agency has no table"
        faults.append(fault(name, "AGENCY_EMPTY", zh, en, allowed=_allowed_files()))
    title = _REGIONS[centre] + _AGENCIES.get(agency, f"机构 {agency}")
    return Agency(name, title, tables, folder)


def _is_agency(name: str) -> bool:
    try:
        return role_of(name) is Role.ADAPTER
    except IdentityError:
        return False


def _tables(folder: Path, faults: list[Fault]) -> Iterator[Table]:
    for file in sorted(folder.iterdir()):
        if file.name.startswith("."):
            continue
        name = f"{folder.name}/{file.name}"
        resource = resources().get(file.stem)
        if resource is None or file.suffix != ".csv":
            zh, en = "文件名不是“信息资源.csv”", "the file is not named <resource>.csv"
            faults.append(fault(name, "RESOURCE_UNKNOWN", zh, en, allowed=_allowed_files()))
            continue
        table, found = read_table(file, name, resource)
        faults += found
        if table is not None:
            yield table


def _allowed_ids() -> str:
    return "、".join(f"{centre}.<机构>" for centre in CENTRES) + "，机构为小写字母、数字和连字符"


def _allowed_files() -> str:
    return "、".join(f"{name}.csv" for name in resources())
