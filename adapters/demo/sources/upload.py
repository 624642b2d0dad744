"""An agency whose department uploads its table; queries are answered from the last upload."""

from __future__ import annotations

from typing import ClassVar

from adapters.demo.agencies import Agency
from adapters.demo.csv_table import Table
from adapters.demo.sources.source import Run, Source, Title
from adapters.demo.state import OPERATOR, to_toml
from adapters.values import CHINA
from schemas.resources import IDENTITY_ITEMS


class UploadSource(Source):
    """An agency's tables as its department uploads them."""

    title: ClassVar[Title] = Title("上传连接器（部门定期上传）", "periodic upload", "上传 upload")

    @staticmethod
    def suits(agency: Agency) -> bool:
        """Whether every table says who its rows are about, as an upload must."""
        held = ({item.name for item in table.items} for table in agency.tables)
        return all(names.issuperset(IDENTITY_ITEMS) for names in held)

    def prepare(self, run: Run) -> None:
        """Nothing: the table comes by upload."""

    def mapping(self) -> str:
        """Which resources are uploaded, and how often."""
        source = to_toml({"source": {"kind": "upload"}})
        return source + "".join(map(self._entry, self.agency.tables))

    def fill(self, run: Run) -> None:
        """Upload each table, as somebody at the department would."""
        today = run.now().astimezone(CHINA).date().isoformat()
        for table in self.agency.tables:
            name = table.resource.name
            file = self.agency.folder / f"{name}.csv"
            what = ("upload", "load", str(file), "--resource", name)
            when = ("--as-of", today, "--period", today[: len("2026-01")])
            who = ("--operator", OPERATOR, "--config", str(self.state.config(self.agency.id)))
            run.complete(f"{self.agency.id}.upload-{name}", (*what, *when, *who))
            run.step(
                f"{self.agency.title}：部门已上传“{table.resource.zh}”{len(table.rows)} 行",
                f"its department uploaded {len(table.rows)} rows",
            )

    def _entry(self, table: Table) -> str:
        held = {item.name for item in table.items}
        entry: dict[str, object] = {
            "name": table.resource.name,
            "not_held": [item.name for item in table.resource.items if item.name not in held],
            "schedule": "monthly",
            "department": self.agency.title,
        }
        return f"\n{to_toml({'[resource]': entry})}"
