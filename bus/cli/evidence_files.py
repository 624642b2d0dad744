"""Evidence files on the operator's machine: looked at here first, then handed to the daemon."""

from __future__ import annotations

from pathlib import Path
from typing import Any
from uuid import uuid4

import typer

from bus.api.evidence import FileBody
from bus.cli.files import read_pieces
from bus.cli.remote import Remote
from bus.errors import InputError
from bus.rules.evidence_file import HEAD, check_file_name, check_size, check_start
from bus.workbook.faults import Fault, WorkbookFaults
from bus.workbook.files import NamedFile, named_files
from bus.workbook.layout import PERSONS_SHEET


def check_evidence(path: Path, where: str) -> None:
    """Refuse a file that cannot be evidence, by name, size and first bytes.

    Args:
        path: The file.
        where: What the errors call the place.

    Raises:
        InputError: `FILE_UNREADABLE`; as `bus.rules.evidence_file`.
    """
    check_file_name(path.name, where)
    head = next(read_pieces(path, HEAD), b"")
    check_start(head, path.name, where)
    check_size(path.stat().st_size, where)


def found_files(workbook: bytes, folder: Path) -> dict[str, Path]:
    """Return the files that a workbook names, each checked, by name.

    Args:
        workbook: The workbook's bytes.
        folder: Where they are; a name is that of a file in it, never a path.

    Raises:
        WorkbookFaults: Every cell whose file is missing or cannot be evidence, with the remedy.
    """
    found: dict[str, Path] = {}
    faults = []
    for named in named_files(workbook):
        if named.name in found:
            continue
        try:
            check_file_name(named.name, "")
            path = folder / named.name
            if not path.is_file():
                raise _missing()
            check_evidence(path, "")
        except InputError as error:
            faults.append(_fault(named, error))
        else:
            found[named.name] = path
    if faults:
        raise WorkbookFaults(faults)
    return found


def hand_in(remote: Remote, files: dict[str, Path], *, quiet: bool) -> dict[str, Any]:
    """Hand files to the daemon; returns what tells it so when the application follows.

    Args:
        remote: The node.
        files: The files by name.
        quiet: Whether to say nothing on the way.

    Raises:
        RemoteError: The node refused one.
    """
    batch = uuid4()
    for number, (name, path) in enumerate(files.items(), 1):
        remote.send(
            "PUT", f"evidence/batches/{batch}", FileBody, params={"name": name}, **streamed(path)
        )
        if not quiet:
            typer.echo(f"已交存 / handed in {number}/{len(files)}", err=True)
    return {"evidence": str(batch)}


def streamed(file: Path) -> dict[str, Any]:
    """Return the request options that send a file as it is read."""
    headers = {"Content-Type": "application/octet-stream"}
    return {"content": read_pieces(file), "headers": headers}


def _missing() -> InputError:
    return InputError(
        "EVIDENCE_FILE_MISSING",
        "目录中没有此文件",
        "there is no such file in the folder",
        remedy_zh="把文件放入 --evidence 所给目录，或更正、清空该单元格",
        remedy_en="Put it into the folder of --evidence, or mend or empty the cell",
    )


def _fault(named: NamedFile, error: InputError) -> Fault:
    return Fault(
        PERSONS_SHEET, named.row, named.column, error.code, error.zh, error.en, error.remedy_zh
    )
