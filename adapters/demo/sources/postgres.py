"""An agency whose database is PostgreSQL: a server of its own, for one run."""

from __future__ import annotations

from pathlib import Path
from typing import ClassVar

from adapters.demo.sources.source import Run, Source, Title
from adapters.demo.state import mapping_toml


class PostgresSource(Source):
    """An agency's tables in a PostgreSQL server."""

    title: ClassVar[Title] = Title("SQL 连接器（PostgreSQL）", "SQL on PostgreSQL", "PostgreSQL")

    @property
    def _ready(self) -> Path:
        return self.folder / "postgres.ready"

    def begin(self, run: Run) -> None:
        """Start the server."""
        command = ("-P", "-m", "adapters.demo.postgres_service")
        tables = ("--tables", str(self.agency.folder), "--ready-file", str(self._ready))
        run.begin(f"{self.agency.id}.postgres", (*command, *tables))

    def prepare(self, run: Run) -> None:
        """Wait until the tables are there."""
        while not self._ready.exists():
            run.pause()

    def mapping(self) -> str:
        """As for SQLite, with the server's URL."""
        return mapping_toml(self.agency, self._ready.read_text("utf-8"))
