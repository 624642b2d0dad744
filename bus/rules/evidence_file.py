"""Whether a file can be evidence (R022-R026): its name, its type by content, its size, its chunks.

★ Evidence is a scan: PDF, JPEG or PNG, up to 100 MB. What a file is its first bytes say; a name
that says something else is refused, for whoever opens it later goes by the name.
"""

from __future__ import annotations

import re

from bus.errors import InputError

MAX_SIZE = 100 * 1024 * 1024
"""Bytes of one document, at most."""

CHUNK = 512 * 1024
"""Bytes of a chunk; the last of a file may be shorter."""

HEAD = 8
"""Bytes of a file that tell what it is."""

PDF, JPEG, PNG = "application/pdf", "image/jpeg", "image/png"

_SIGNATURES = ((b"%PDF-", PDF), (b"\xff\xd8\xff", JPEG), (b"\x89PNG\r\n\x1a\n", PNG))
_SUFFIXES = {PDF: ("pdf",), JPEG: ("jpg", "jpeg"), PNG: ("png",)}
_OWN_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,99}")
_NAME_LIMIT = 200


def media_type_of(head: bytes) -> str | None:
    """Return the media type that the beginning of a file says, None for one we do not take."""
    return next((kind for signature, kind in _SIGNATURES if head.startswith(signature)), None)


def is_media_type(name: str) -> bool:
    """Whether evidence may be of a media type."""
    return name in _SUFFIXES


def suffix_of(media_type: str) -> str:
    """Return the file name suffix of a media type, with its dot."""
    return f".{_SUFFIXES[media_type][0]}"


def chunks_of(size: int) -> int:
    """Return how many chunks a file of a size has."""
    return -(-size // CHUNK)


def is_own_name(name: str) -> bool:
    """Whether a name may stand in a manifest: plain letters, no path, nothing hidden."""
    return _OWN_NAME.fullmatch(name) is not None and ".." not in name


def own_name(person: int, kind: str, number: int, media_type: str) -> str:
    """Return the name a document travels under: it tells the person by number only."""
    return f"P{person:06d}-{kind}-{number}{suffix_of(media_type)}"


def is_file_name(name: str) -> bool:
    """Whether an operator's name is that of a file and of no path, and can be shown."""
    plain = 0 < len(name) <= _NAME_LIMIT and name.isprintable() and name == name.strip()
    return plain and not name.startswith(".") and not set(name) & set('/\\:*?"<>|')


def check_file_name(name: str, where: str) -> None:
    """Check an operator's file name.

    Args:
        name: The name; it may name a person, so that no error repeats it.
        where: What the error calls the place.

    Raises:
        InputError: `EVIDENCE_NAME`.
    """
    if not is_file_name(name):
        raise InputError(
            "EVIDENCE_NAME",
            "文件名不合规：不得含路径、通配符或控制字符，不以点开头",
            "not a plain file name: no path, no wildcard, no control character, no leading dot",
            remedy_zh="请改用普通文件名，并把文件直接放在所给目录中",
            remedy_en="Rename the file, and put it into the folder itself",
            where=where,
        )


def check_start(head: bytes, name: str, where: str) -> str:
    """Return the media type of a file by its first bytes.

    Args:
        head: Its first `HEAD` bytes, or all where it has fewer.
        name: Its name.
        where: What the errors call the place.

    Raises:
        InputError: `EVIDENCE_EMPTY`, `EVIDENCE_TYPE`, `EVIDENCE_TYPE_DIFFERS`.
    """
    if not head:
        raise InputError(
            "EVIDENCE_EMPTY",
            "文件是空的",
            "the file is empty",
            remedy_zh="请重新扫描或导出",
            remedy_en="Scan or export it again",
            where=where,
        )
    found = media_type_of(head)
    if found is None:
        raise InputError(
            "EVIDENCE_TYPE",
            "文件内容不是 PDF、JPEG 或 PNG",
            "by its content the file is neither PDF nor JPEG nor PNG",
            remedy_zh="请以其中一种格式重新扫描或导出",
            remedy_en="Scan or export it as one of these",
            where=where,
        )
    suffix = name.rpartition(".")[2].lower() if "." in name else ""
    if suffix not in _SUFFIXES[found]:
        raise InputError(
            "EVIDENCE_TYPE_DIFFERS",
            f"文件扩展名与内容不符：内容是 {found}",
            f"the name's extension does not fit the content, which is {found}",
            remedy_zh=f"请核对文件；无误则将扩展名改为 {suffix_of(found)}",
            remedy_en=f"Check the file; if it is the right one, end its name in {suffix_of(found)}",
            where=where,
        )
    return found


def check_size(size: int, where: str, limit: int = MAX_SIZE) -> None:
    """Check that a file is not too large.

    Args:
        size: Bytes, as far as they were read.
        where: What the error calls the place.
        limit: Bytes that are allowed.

    Raises:
        InputError: `EVIDENCE_TOO_LARGE`.
    """
    if size > limit:
        raise InputError(
            "EVIDENCE_TOO_LARGE",
            f"文件超过 {limit} 字节（100 MB）",
            f"the file is larger than {limit} bytes (100 MB)",
            remedy_zh="请降低扫描分辨率，或拆成几个文件",
            remedy_en="Scan at a lower resolution, or split it into several files",
            where=where,
        )
