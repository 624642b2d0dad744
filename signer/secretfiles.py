"""Reads and writes the files that hold secrets: private keys, passphrases, the store key.

A secret file that anybody but its owner can touch is refused, not warned about. Files are written
whole or not at all (a temporary file beside, then one link or rename); only `replace_file`
overwrites one.
"""

from __future__ import annotations

import errno
import os
import shutil
import stat
from collections.abc import Mapping
from pathlib import Path
from secrets import token_hex

from signer.errors import KeyFileError
from signer.exchange import exchange

FILE_MODE = 0o600
DIRECTORY_MODE = 0o700

_OTHERS = 0o077
_MAX_SIZE = 1 << 20


def read_secret(path: Path) -> bytes:
    """Return the bytes of a file that only its owner can touch.

    Raises:
        KeyFileError: `KEY_FILE_READABLE` when group or others have any right on it; and as
            `read_public`.
    """
    return _read(path, secret=True)


def read_public(path: Path) -> bytes:
    """Return the bytes of a file that anybody may read, such as a certificate.

    Raises:
        KeyFileError: `KEY_FILE_MISSING`, `KEY_FILE_UNREADABLE` when it cannot be read or is no
            plain file, `KEY_FILE_MALFORMED` when it is far too large.
    """
    return _read(path, secret=False)


def read_passphrase(path: Path) -> bytes:
    """Return the passphrase in a file: its bytes without one newline at the end.

    Raises:
        KeyFileError: `PASSPHRASE_EMPTY` when nothing is left; and as `read_secret`.
    """
    data = read_secret(path)
    passphrase = data.removesuffix(b"\n").removesuffix(b"\r")
    if not passphrase:
        raise KeyFileError(
            "PASSPHRASE_EMPTY",
            "口令文件为空",
            "the passphrase file is empty",
            remedy_zh="请写入随机口令，例如 openssl rand -hex 32 的输出",
            remedy_en="Put a random passphrase in it, e.g. what `openssl rand -hex 32` prints",
            where=str(path),
        )
    return passphrase


def write_new(path: Path, data: bytes) -> None:
    """Write a file that must not exist yet, mode 0600, atomically and durably.

    Raises:
        KeyFileError: `KEY_FILE_EXISTS` when there is one, `KEY_FILE_UNWRITABLE` when it cannot be
            written.
    """
    temporary = path.with_name(f".{path.name}.{token_hex(8)}")
    try:
        try:
            write_synced(temporary, data)
            # A link, unlike a rename, fails when the name is taken.
            path.hardlink_to(temporary)
        finally:
            temporary.unlink(missing_ok=True)
    except FileExistsError:
        raise exists(path) from None
    except OSError as error:
        raise unwritable(path, error) from error


def replace_file(path: Path, data: bytes) -> None:
    """Write a file, mode 0600, in the place of the one that stands there, atomically and durably.

    Raises:
        KeyFileError: `KEY_FILE_UNWRITABLE`.
    """
    temporary = path.with_name(f".{path.name}.{token_hex(8)}")
    try:
        try:
            write_synced(temporary, data)
            temporary.replace(path)
        finally:
            temporary.unlink(missing_ok=True)
        _sync(path.parent)
    except OSError as error:
        raise unwritable(path, error) from error


def write_synced(path: Path, data: bytes) -> None:
    """Create a file with mode 0600 and push its bytes to the disk.

    Raises:
        OSError: As the operating system says, `FileExistsError` when the name is taken.
    """
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, FILE_MODE)
    with os.fdopen(descriptor, "wb") as file:
        file.write(data)
        file.flush()
        os.fsync(file.fileno())


def place_directory(directory: Path, files: Mapping[str, bytes], keep: Path | None = None) -> None:
    """Make a directory (0700) with these files (0600), whole or not at all.

    Args:
        directory: Where; absent or empty, unless `keep` is given.
        files: Name → bytes.
        keep: Where the directory that stands there now is moved first.

    Raises:
        KeyFileError: `KEY_FILE_EXISTS` when something stands at `directory` or at `keep`,
            `KEY_FILE_UNWRITABLE` when it cannot be written.
    """
    directory = directory.resolve()
    if keep is not None and keep.exists():
        raise exists(keep)
    temporary = directory.with_name(f".{directory.name}.{token_hex(8)}")
    try:
        directory.parent.mkdir(mode=DIRECTORY_MODE, parents=True, exist_ok=True)
        temporary.mkdir(mode=DIRECTORY_MODE)
        try:
            for name, data in files.items():
                write_synced(temporary / name, data)
            _swap(temporary, directory, keep)
        finally:
            shutil.rmtree(temporary, ignore_errors=True)
        _sync(directory.parent)
    except OSError as error:
        if error.errno in {errno.EEXIST, errno.ENOTEMPTY, errno.ENOTDIR}:
            raise exists(directory) from None
        raise unwritable(directory, error) from error


def exists(path: Path) -> KeyFileError:
    """Return the error for a file or directory that would have to be overwritten."""
    return KeyFileError(
        "KEY_FILE_EXISTS",
        "目标已存在，不予覆盖",
        "it exists already and is not overwritten",
        remedy_zh="请另选位置，或先将其移走",
        remedy_en="Choose another place, or move it away first",
        where=str(path),
    )


def unwritable(path: Path, error: OSError) -> KeyFileError:
    """Return the error for a place that cannot be written."""
    return KeyFileError(
        "KEY_FILE_UNWRITABLE",
        "文件无法写入",
        f"it cannot be written ({error.strerror})",
        where=str(path),
    )


def _swap(made: Path, directory: Path, keep: Path | None) -> None:
    """Rename into place; renaming replaces an empty directory and fails where anything stands.

    What stands there now is exchanged for what was made, so that a crash never leaves nothing.
    Where that cannot be done, it is moved away first.
    """
    if keep is None:
        made.rename(directory)
        return
    if exchange(made, directory):
        try:
            made.rename(keep)
        except OSError:
            exchange(made, directory)
            raise
        return
    directory.rename(keep)
    try:
        made.rename(directory)
    except OSError:
        keep.rename(directory)
        raise


def _sync(directory: Path) -> None:
    descriptor = os.open(directory, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _read(path: Path, *, secret: bool) -> bytes:
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC | os.O_NONBLOCK)
    except FileNotFoundError:
        raise KeyFileError(
            "KEY_FILE_MISSING",
            "密钥或口令文件不存在",
            "there is no such key, certificate or passphrase file",
            remedy_zh="请核对 [keys] 中的路径；若是数据库已有而存储密钥缺失，"
            "请从备份恢复存储密钥，新密钥打不开原有数据",
            remedy_en="Check the paths in [keys]; where it is the store key of an existing "
            "database, restore it from the backup: a new key cannot open what is stored",
            where=str(path),
        ) from None
    except OSError as error:
        raise _unreadable(path, str(error.strerror)) from error
    # The descriptor, not the name, is examined: the file read is the file that was checked.
    try:
        status = os.fstat(descriptor)
        if not stat.S_ISREG(status.st_mode):
            raise _unreadable(path, "not a plain file")
        if secret and status.st_mode & _OTHERS:
            raise _open_to_others(path)
        with os.fdopen(descriptor, "rb", closefd=False) as file:
            data = file.read(_MAX_SIZE + 1)
    except OSError as error:
        raise _unreadable(path, str(error.strerror)) from error
    finally:
        os.close(descriptor)
    if len(data) > _MAX_SIZE:
        raise KeyFileError(
            "KEY_FILE_MALFORMED",
            "文件过大，不是密钥、证书或口令文件",
            "the file is far too large for a key, certificate or passphrase",
            remedy_zh="请核对路径是否指向正确的文件",
            remedy_en="Check that the path names the right file",
            where=str(path),
        )
    return data


def _open_to_others(path: Path) -> KeyFileError:
    return KeyFileError(
        "KEY_FILE_READABLE",
        "他人可以访问此密钥或口令文件",
        "others can access this key or passphrase file",
        remedy_zh=f"请执行 chmod 600 {path}",
        remedy_en=f"Run chmod 600 {path}",
        where=str(path),
    )


def _unreadable(path: Path, reason: str) -> KeyFileError:
    return KeyFileError(
        "KEY_FILE_UNREADABLE",
        f"文件无法读取（{reason}）",
        f"it cannot be read ({reason})",
        remedy_zh="请核对文件的属主与权限，运行用户须能读取",
        remedy_en="Check its owner and mode: the user this runs as must be able to read it",
        where=str(path),
    )
