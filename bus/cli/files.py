"""Files that commands read and write. What is written may hold personal data: mode 0600, whole."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator
from pathlib import Path
from secrets import token_hex

from bus.errors import InputError

MODE = 0o600


def read_file(path: Path) -> bytes:
    """Return a file's bytes.

    Raises:
        InputError: `FILE_UNREADABLE`.
    """
    try:
        return path.read_bytes()
    except OSError as error:
        raise _unreadable(path) from error


def check_suffix(path: Path, suffix: str, option: str) -> None:
    """Refuse a name that says another kind of file than the one to be written.

    Args:
        path: The file to write.
        suffix: What its name must end in, with the dot.
        option: The option that named it.

    Raises:
        InputError: `FILE_SUFFIX`.
    """
    if path.suffix.lower() != suffix:
        raise InputError(
            "FILE_SUFFIX",
            f"{option} 的文件名须以 {suffix} 结尾",
            f"the name of the file of {option} must end in {suffix}",
            remedy_zh=f"请换一个以 {suffix} 结尾的文件名",
            remedy_en=f"Name a file that ends in {suffix}",
            where=os.fspath(path),
        )


def check_writable(path: Path, *, force: bool) -> None:
    """Refuse to write over a file, before anything is asked for that is audited.

    Raises:
        InputError: `FILE_EXISTS`, `FILE_UNWRITABLE`.
    """
    if path.exists() and not force:
        raise InputError(
            "FILE_EXISTS",
            "文件已存在",
            "the file exists already",
            remedy_zh="请换一个文件名，或加 --force 覆盖",
            remedy_en="Name another file, or replace it with --force",
            where=os.fspath(path),
        )
    if not path.parent.is_dir():
        raise _unwritable(path)


def write_file(path: Path, data: bytes, *, force: bool) -> None:
    """Write a file whole or not at all, readable by its owner only.

    Raises:
        InputError: `FILE_EXISTS`, `FILE_UNWRITABLE`.
    """
    write_pieces(path, (data,), force=force)


def write_pieces(path: Path, pieces: Iterable[bytes], *, force: bool) -> None:
    """Write a file piece by piece, whole or not at all, readable by its owner only.

    Raises:
        InputError: `FILE_EXISTS`, `FILE_UNWRITABLE`; whatever the pieces raise.
    """
    check_writable(path, force=force)
    temporary = path.with_name(f".{path.name}.{token_hex(8)}")
    try:
        try:
            descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL, MODE)
            with os.fdopen(descriptor, "wb") as file:
                for piece in pieces:
                    file.write(piece)
            temporary.replace(path)
        finally:
            temporary.unlink(missing_ok=True)
    except OSError as error:
        raise _unwritable(path) from error


def read_pieces(path: Path, size: int = 1 << 18) -> Iterator[bytes]:
    """Yield a file's bytes in pieces, so that memory never holds it.

    Raises:
        InputError: `FILE_UNREADABLE`.
    """
    try:
        with path.open("rb") as file:
            while piece := file.read(size):
                yield piece
    except OSError as error:
        raise _unreadable(path) from error


def _unwritable(path: Path) -> InputError:
    return InputError(
        "FILE_UNWRITABLE",
        "文件无法写入",
        "the file cannot be written",
        remedy_zh="请检查目录是否存在、可写，磁盘是否有空间",
        remedy_en="Check that its folder exists, is writable and has room",
        where=os.fspath(path),
    )


def _unreadable(path: Path) -> InputError:
    return InputError(
        "FILE_UNREADABLE",
        "文件无法读取",
        "the file cannot be read",
        remedy_zh="请检查路径与权限",
        remedy_en="Check its path and permissions",
        where=os.fspath(path),
    )
