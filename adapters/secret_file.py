"""Reads the file that holds a source's secret: a password, a token, a client's secret.

Its rules are those of every secret file (`signer.secretfiles`); the codes say that it is the
source's, not one of the participant's own keys.
"""

from __future__ import annotations

from pathlib import Path

from bus.errors import ConfigError
from signer.errors import KeyFileError
from signer.secretfiles import read_secret


def read_source_secret(file: Path) -> str:
    """Return the text of a secret file, without the line end after it.

    Raises:
        ConfigError: `PASSWORD_FILE_READABLE` when others than its owner have any right on it,
            `PASSWORD_FILE_EMPTY`, `PASSWORD_FILE_MISSING` when it cannot be read as UTF-8 text.
    """
    try:
        secret = read_secret(file).decode("utf-8").strip("\r\n")
    except KeyFileError as error:
        if error.code == "KEY_FILE_READABLE":
            raise _fault(
                "PASSWORD_FILE_READABLE",
                "口令文件可被他人读取，请设为 0600",
                "others can read the password file; make it 0600",
                file,
            ) from None
        raise _missing(file) from None
    except UnicodeDecodeError:
        raise _missing(file) from None
    if not secret:
        raise _fault("PASSWORD_FILE_EMPTY", "口令文件为空", "the password file is empty", file)
    return secret


def _missing(file: Path) -> ConfigError:
    return _fault(
        "PASSWORD_FILE_MISSING", "口令文件不可读", "the password file cannot be read", file
    )


def _fault(code: str, zh: str, en: str, file: Path) -> ConfigError:
    return ConfigError(code, zh, en, where=str(file))
