"""Writes the file of a new adapter, whole or not at all."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from adapters.init.asking import Asking
from adapters.init.beginning import begin
from adapters.init.database import Database
from adapters.init.mask import masked
from adapters.init.page import page
from adapters.init.skeletons import SKELETONS
from adapters.judge import Row
from bus.cli.files import check_writable, write_file
from bus.cli.output import printable
from schemas.resources import Resource, resources

SHOWN_ROWS = 3


def write_adapter(asking: Asking, out: Path, say: Callable[[str], None]) -> None:
    """Ask the questions, try the source, show masked rows, write the file.

    A password that was typed stands in a file of its own, which goes again when this one is not
    written.

    Args:
        asking: Where answers come from.
        out: The file.
        say: Told what the operator should read.

    Raises:
        InputError: `FILE_EXISTS` or `FILE_UNWRITABLE`; an answer does not do.
        HeduiError: The source does not fit the answers.
    """
    check_writable(out, force=False)
    known = resources()
    folder = out.resolve().parent
    beginning = begin(asking, folder, known)
    if beginning.kind in SKELETONS:
        asking.end()
        sections = SKELETONS[beginning.kind](beginning.resource)
        _write(out, page(beginning, out.name, sections))
        return
    database = Database(asking, beginning, known, folder, say)
    try:
        database.ask()
        for line in shown(beginning.resource, database.columns, database.sample(SHOWN_ROWS)):
            say(line)
        asking.end()
        _write(out, page(beginning, out.name, database.sections()))
    except BaseException:
        # Ctrl-C too: nothing half-written stays behind.
        database.forget_secret()
        raise


def shown(resource: Resource, columns: Mapping[str, str], rows: Sequence[Row]) -> list[str]:
    """Return some rows as an operator may see them: right columns, nobody's data."""
    lines = [f"样本行（已遮盖）{len(rows)} / {len(rows)} sample rows, masked:"]
    for number, row in enumerate(rows, 1):
        held = [item for item in resource.items if item.name in columns]
        values = [f"{item.zh} {masked(item, row[columns[item.name]])}" for item in held]
        lines.append(printable(f"  {number}. {'，'.join(values)}"))
    return lines


def _write(out: Path, text: str) -> None:
    write_file(out, text.encode(), force=False)
