"""Which commands there are, and loading only the one that is asked for.

Commands of other rooms come by the entry-point group `hedui.commands`, so that no import runs from
here to them. Help lists a command by the `help=` text of its Typer application, read from the
source without running it: `hedui --help` stays fast, and a command that cannot be imported breaks
itself only.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator
from functools import cached_property
from importlib.metadata import EntryPoint, entry_points
from importlib.util import find_spec
from typing import Any

import typer
from typer.core import TyperGroup
from typer.main import get_group

from bus.errors import ConfigError

GROUP = "hedui.commands"

_OWN = {
    "application": "bus.cli.application:app",
    "query": "bus.cli.query:app",
    "evidence": "bus.cli.evidence:app",
    "standing": "bus.cli.standing:app",
    "proof": "bus.cli.proof:app",
    "quarantine": "bus.cli.quarantine:app",
    "audit": "bus.cli.audit:app",
    "calendar": "bus.cli.calendar:app",
    "catalog": "bus.cli.catalog:app",
    "report": "bus.cli.report:app",
    "operator": "bus.cli.operator:app",
    "conformance": "bus.cli.conformance:app",
    "store": "bus.cli.store:app",
    "hub": "bus.cli.run:hub",
    "node": "bus.cli.run:node",
}


def listed() -> dict[str, EntryPoint]:
    """Return the commands by name: the ones of this room first, whose names nobody can take."""
    own = {name: EntryPoint(name, value, GROUP) for name, value in _OWN.items()}
    others = {entry.name: entry for entry in sorted(entry_points(group=GROUP), key=_name)}
    return own | {name: entry for name, entry in others.items() if name not in own}


def load(entry: EntryPoint) -> TyperGroup:
    """Import a command.

    Raises:
        ConfigError: `COMMAND_BROKEN` when it cannot be imported or is no Typer application.
    """
    try:
        app = entry.load()
    except Exception as error:
        raise _broken(entry, type(error).__name__) from error
    if not isinstance(app, typer.Typer):
        raise _broken(entry, "TypeError")
    group = get_group(app)
    group.name = entry.name
    return group


def summary(entry: EntryPoint) -> str:
    """Return the one-line help of a command without importing it; empty where there is none."""
    try:
        spec = find_spec(entry.module)
        source = getattr(spec.loader, "get_source")(entry.module) if spec else None  # noqa: B009 - only source loaders have it
        tree = ast.parse(source or "")
    except Exception:  # noqa: BLE001 - whatever is wrong with it is said when it is asked for
        return ""
    return next(_help_texts(tree, entry.attr), "")


class CommandGroup(TyperGroup):
    """`hedui` itself."""

    @cached_property
    def entries(self) -> dict[str, EntryPoint]:
        """The commands by name."""
        return listed()

    def list_commands(self, ctx: Any) -> list[str]:  # noqa: ARG002 - the base class's signature
        """Return the names of all commands, ours first."""
        return list(self.entries)

    def get_command(self, ctx: Any, cmd_name: str) -> Any:  # noqa: ARG002 - as above
        """Return one command, importing it and nothing else."""
        entry = self.entries.get(cmd_name)
        return None if entry is None else load(entry)

    def format_commands(self, ctx: Any, formatter: Any) -> None:  # noqa: ARG002 - as above
        """Write the list of commands."""
        with formatter.section("命令 / Commands"):
            formatter.write_dl([(name, summary(entry)) for name, entry in self.entries.items()])


def _name(entry: EntryPoint) -> str:
    return entry.name


def _help_texts(tree: ast.Module, name: str) -> Iterator[str]:
    for node in tree.body:
        match node:
            case ast.Assign(targets=[ast.Name(id=target)], value=ast.Call(keywords=keywords)):
                if target != name:
                    continue
                for keyword in keywords:
                    if keyword.arg == "help" and isinstance(keyword.value, ast.Constant):
                        yield str(keyword.value.value)
            case _:
                continue


def _broken(entry: EntryPoint, kind: str) -> ConfigError:
    return ConfigError(
        "COMMAND_BROKEN",
        f"命令 {entry.name} 无法载入（{kind}）",
        f"the command {entry.name} cannot be loaded ({kind})",
        remedy_zh="请重新安装提供该命令的软件包；其他命令不受影响",
        remedy_en="Install the package that brings it again; other commands are not affected",
        where=entry.value,
    )
