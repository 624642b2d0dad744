"""A copy of the directory in a file, to show a verifier what was revoked since (proof.md §11)."""

from __future__ import annotations

from collections.abc import Mapping

from schemas.errors import InputError
from schemas.loader import SchemaError, decode, encode, load
from signer.certificates import PathValidator
from signer.directory.records import HEAD_KEY, adopt
from signer.directory.signed import RecordKind, parse_record
from signer.directory.view import Directory
from signer.errors import DirectoryError
from signer.proof.books import because
from signer.proof.format import MAX_ITEMS, ascending, records_datum

MAGIC = b"HDDF"
MAX_FILE = 64 * 1024 * 1024

_SCHEMA = load("proof/directory.v1")


class DirectoryFileError(InputError):
    """A file is no copy of the directory under the root that was given."""


def directory_file(records: Mapping[str, bytes]) -> bytes:
    """Return the file that holds a directory's signed records.

    Args:
        records: Keys of the directory topic → signed records.
    """
    return encode(_SCHEMA, {"magic": MAGIC, "directory": records_datum(records)})


def read_directory_file(data: bytes, validator: PathValidator) -> Directory:
    """Return the directory in such a file, verified to the root as of its own time.

    Raises:
        DirectoryFileError: `DIRECTORY_FILE_MALFORMED`, `DIRECTORY_FILE_INVALID`.
    """
    if len(data) > MAX_FILE or data[: len(MAGIC)] != MAGIC:
        raise _malformed()
    try:
        datum = decode(_SCHEMA, data, MAX_ITEMS)
    except SchemaError:
        raise _malformed() from None
    if not ascending(datum["directory"]):
        raise _malformed()
    records = {x["key"]: x["record"] for x in datum["directory"]}
    try:
        if HEAD_KEY not in records:
            raise _malformed()
        head = parse_record(records[HEAD_KEY], RecordKind.HEAD, HEAD_KEY)
        return adopt(records, validator, None, head.content["issued"]).directory
    except DirectoryError as error:
        zh, en = because(error)
        raise DirectoryFileError(
            "DIRECTORY_FILE_INVALID",
            f"目录副本不能追溯到根证书：{zh}",
            f"the copy of the directory does not verify to the root: {en}",
            remedy_zh="请向部中心或任一节点另取一份（hedui proof directory）",
            remedy_en="Get another from the hub or any node (hedui proof directory)",
        ) from None


def _malformed() -> DirectoryFileError:
    return DirectoryFileError(
        "DIRECTORY_FILE_MALFORMED",
        "不是目录副本文件",
        "not a copy of the directory",
        remedy_zh="请用 hedui proof directory 导出",
        remedy_en="Export one with `hedui proof directory`",
    )
