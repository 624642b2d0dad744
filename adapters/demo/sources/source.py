"""What each kind of source is to a run; the plain one is an SQLite file."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from pathlib import Path
from typing import ClassVar, NamedTuple, Protocol

from adapters.demo.agencies import Agency
from adapters.demo.state import State, mapping_toml, write_table
from adapters.demo.timeline import Move


class Title(NamedTuple):
    """What people call a source, and its short name in JSON and in the timeline."""

    zh: str
    en: str
    short: str


class Run(Protocol):
    """What a source may ask of the run that it is part of."""

    def begin(self, name: str, command: Sequence[str]) -> None:
        """Start a process that runs until the end; `command` are arguments for this Python."""
        ...

    def complete(self, name: str, command: Sequence[str]) -> bytes:
        """Run a command of `hedui` to its end, and return what it printed."""
        ...

    def pause(self) -> None:
        """Wait a moment; raises when the run is to end."""
        ...

    def printed(self, name: str) -> bytes:
        """Return what a process has printed so far: whole lines."""
        ...

    def gauge(self, participant: str, name: str) -> float:
        """Return what a participant's metric says now, 0 where there is none."""
        ...

    def now(self) -> datetime:
        """Return the present instant, UTC."""
        ...

    def step(self, zh: str, en: str) -> None:
        """Tell people of a step that is done."""
        ...


class Source:
    """An agency's tables in an SQLite file.

    Args:
        state: The run's folder.
        agency: Whose tables.
    """

    title: ClassVar[Title] = Title("SQL 连接器（SQLite）", "SQL on SQLite", "SQL")

    def __init__(self, state: State, agency: Agency) -> None:
        self.state = state
        self.agency = agency

    @property
    def folder(self) -> Path:
        """The folder of the agency's adapter."""
        return self.state.folder / self.agency.id

    @property
    def moves(self) -> Sequence[Move]:
        """What was done by people on the way of a query, for the timeline."""
        return ()

    def begin(self, run: Run) -> None:
        """Start whatever takes a while and needs nobody."""

    def prepare(self, run: Run) -> None:
        """Have the data where the adapter will find them."""
        del run
        write_table(self.state, self.agency)

    def mapping(self) -> str:
        """Return `[source]` and each `[[resource]]` of the adapter's file; `prepare` is done."""
        return mapping_toml(self.agency)

    def fill(self, run: Run) -> None:
        """Do what has to be done once the adapter runs, and before anybody asks."""

    def tend(self, run: Run) -> None:
        """Look whether people have to do something now, and do it."""
