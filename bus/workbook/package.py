"""Is this file an ordinary, harmless .xlsx? Decided before any of its content is interpreted.

The checks run cheapest first and bound what later code may have to hold in memory. All work on
bytes; nothing is written to disk.
"""

from __future__ import annotations

import re
import zlib
from io import BytesIO
from zipfile import ZIP_DEFLATED, ZIP_STORED, BadZipFile, ZipFile, ZipInfo

from bus.workbook.faults import WorkbookFaults, file_fault

SIZE_LIMIT = 20 * 1024 * 1024
"""Largest file taken, in bytes: 25,000 persons need about 2 MiB."""

INFLATED_LIMIT = 128 * 1024 * 1024
"""Largest sum of all parts once inflated, in bytes."""

ENTRY_LIMIT = 500
"""Most parts a file may have."""

RATIO_LIMIT = 200
"""Largest inflation of a part above `RATIO_FLOOR`; sheet XML reaches about 60."""

RATIO_FLOOR = 1024 * 1024
"""Parts that inflate to no more than this many bytes may have any ratio."""

_OLE_MAGIC = bytes.fromhex("d0cf11e0a1b11ae1")
_ENCRYPTED_STREAM = "EncryptedPackage".encode("utf-16-le")
_SAVE_AS = "请在 Excel 或 WPS 中另存为“Excel 工作簿 (.xlsx)”"

_FORBIDDEN = (
    (
        re.compile(r"vbaproject|xl/macrosheets/|xl/dialogsheets/", re.IGNORECASE),
        ("MACROS", "工作簿含有宏", "the workbook holds macros"),
    ),
    (
        re.compile(r"xl/externallinks/|xl/connections\.xml|xl/querytables/", re.IGNORECASE),
        ("EXTERNAL_LINKS", "工作簿链接了外部数据", "the workbook links to outside data"),
    ),
    (
        re.compile(r"xl/(embeddings|activex|ctrlprops)/", re.IGNORECASE),
        ("EMBEDDED_OBJECTS", "工作簿嵌入了对象", "the workbook embeds objects"),
    ),
)

_MARKUP = (".xml", ".rels", ".vml")
_MARKUP_START = re.compile(rb"[\s\0\xef\xbb\xbf\xfe\xff]*<")
_DECLARATIONS = (b"<!DOCTYPE", b"<!ENTITY")
_RELATION = re.compile(rb"<(?:\w+:)?Relationship\b[^>]*>")


def check_package(data: bytes) -> None:
    """Refuse everything that is not a plain .xlsx of bearable size.

    1. size; 2. container (.xls, WPS .et, encrypted, not a zip); 3. number, names, compression and
    inflated size of the parts; 4. macros, links, embedded objects; 5. kind of workbook; 6. every
    part inflates to what it announced; 7. no document type or entity declaration, no relation to
    an outside file other than a hyperlink.

    Args:
        data: The file's bytes.

    Raises:
        WorkbookFaults: with one fault about the file.
    """
    if len(data) > SIZE_LIMIT:
        raise file_fault(
            "FILE_TOO_LARGE",
            "文件过大",
            "the file is too large",
            f"不超过 {SIZE_LIMIT // 1024 // 1024} MiB",
        )
    _check_container(data)
    try:
        with ZipFile(BytesIO(data)) as archive:
            entries = archive.infolist()
            _check_entries(entries)
            names = [entry.filename for entry in entries]
            _check_forbidden(names)
            _check_kind(names)
            for entry in entries:
                _check_part(entry.filename, archive.read(entry))
    except (BadZipFile, zlib.error, EOFError, NotImplementedError, OSError, ValueError):
        raise _damaged() from None


def _check_container(data: bytes) -> None:
    if data.startswith(_OLE_MAGIC):
        if _ENCRYPTED_STREAM in data:
            raise _encrypted()
        raise file_fault(
            "FILE_OLD_FORMAT",
            "这是 .xls 或 WPS 表格 (.et) 旧格式文件",
            "this is an old .xls or WPS (.et) file",
            _SAVE_AS,
        )
    if not data.startswith(b"PK\x03\x04"):
        raise _not_xlsx()


def _check_entries(entries: list[ZipInfo]) -> None:
    if len(entries) > ENTRY_LIMIT or sum(entry.file_size for entry in entries) > INFLATED_LIMIT:
        raise _bomb()
    for entry in entries:
        if entry.flag_bits & 0x1:
            raise _encrypted()
        if entry.compress_type not in {ZIP_STORED, ZIP_DEFLATED}:
            raise _damaged()
        if entry.file_size > max(RATIO_FLOOR, RATIO_LIMIT * entry.compress_size):
            raise _bomb()
    if len({entry.filename.lower() for entry in entries}) != len(entries):
        raise _damaged()


def _check_forbidden(names: list[str]) -> None:
    for pattern, (code, zh, en) in _FORBIDDEN:
        if any(pattern.search(name) for name in names):
            raise file_fault(code, zh, en, "请使用模板另存为不含此类内容的 .xlsx")


def _check_kind(names: list[str]) -> None:
    if "xl/workbook.bin" in names:
        raise file_fault(
            "FILE_OLD_FORMAT",
            "这是 .xlsb 二进制工作簿",
            "this is a binary .xlsb workbook",
            _SAVE_AS,
        )
    if "[Content_Types].xml" not in names or "xl/workbook.xml" not in names:
        raise _not_xlsx()


def _check_part(name: str, content: bytes) -> None:
    # A part is read by what the package declares it to be, so its name alone says nothing.
    if not name.lower().endswith(_MARKUP) and not _MARKUP_START.match(content):
        return
    # A NUL byte means UTF-16 or UTF-32, which no spreadsheet program writes and which would hide
    # from the searches below.
    if b"\0" in content:
        raise _damaged()
    if any(word in content for word in _DECLARATIONS):
        raise file_fault(
            "XML_DECLARATION",
            "工作簿的部件含有文档类型或实体声明",
            "a part of the workbook declares a document type or entity",
            _SAVE_AS,
        )
    if name == "[Content_Types].xml" and b"macroEnabled" in content:
        raise file_fault(
            "MACROS",
            "这是启用宏的工作簿 (.xlsm)",
            "this is a macro-enabled workbook (.xlsm)",
            _SAVE_AS,
        )
    if name == "xl/workbook.xml" and b"purl.oclc.org/ooxml" in content:
        raise file_fault(
            "FILE_STRICT_FORMAT",
            "这是“Strict Open XML”格式的工作簿",
            "this is a Strict Open XML workbook",
            _SAVE_AS,
        )
    if name.endswith(".rels"):
        _check_relations(content)


def _check_relations(content: bytes) -> None:
    # Excel makes a hyperlink of every address typed into a cell; it is never followed here.
    for relation in _RELATION.findall(content):
        outside = re.search(rb"""TargetMode\s*=\s*["']External["']""", relation)
        if outside and not re.search(rb"""Type\s*=\s*["'][^"']*/hyperlink["']""", relation):
            raise file_fault(
                "EXTERNAL_LINKS",
                "工作簿链接了外部文件",
                "the workbook links to an outside file",
                "请删除外部链接后另存为 .xlsx",
            )


def _encrypted() -> WorkbookFaults:
    return file_fault(
        "FILE_ENCRYPTED",
        "工作簿有打开密码",
        "the workbook is encrypted with a password",
        "请取消打开密码后另存为 .xlsx",
    )


def _not_xlsx() -> WorkbookFaults:
    return file_fault("FILE_NOT_XLSX", "不是 .xlsx 工作簿", "not an .xlsx workbook", _SAVE_AS)


def _bomb() -> WorkbookFaults:
    return file_fault(
        "FILE_INFLATES",
        "文件解压后过大",
        "the file inflates beyond what is allowed",
        f"解压后不超过 {INFLATED_LIMIT // 1024 // 1024} MiB；请用模板重新填写",
    )


def _damaged() -> WorkbookFaults:
    return file_fault("FILE_DAMAGED", "工作簿文件已损坏", "the workbook file is damaged", _SAVE_AS)
