"""Files that are no plain .xlsx are refused before anything in them is interpreted."""

from __future__ import annotations

import struct
from io import BytesIO
from zipfile import ZIP_BZIP2, ZIP_DEFLATED, ZipFile

import pytest
from workbook_samples import TODAY, codes_of, draft, faults_of, in_part, repacked

from bus.workbook import package
from bus.workbook.parse import parse
from bus.workbook.template import fill

OLE = bytes.fromhex("d0cf11e0a1b11ae1")


def code_of(data: bytes) -> str:
    (fault,) = faults_of(data)
    assert (fault.sheet, fault.row, fault.column) == ("", None, None)
    assert fault.allowed
    return fault.code


def test_an_old_xls_or_wps_file_is_told_to_be_saved_as_xlsx():
    (fault,) = faults_of(OLE + bytes(4096))
    assert fault.code == "FILE_OLD_FORMAT"
    assert "WPS" in fault.zh
    assert ".xlsx" in fault.allowed


def test_an_encrypted_workbook_is_named_as_such():
    assert code_of(OLE + bytes(600) + "EncryptedPackage".encode("utf-16-le")) == "FILE_ENCRYPTED"


@pytest.mark.parametrize("data", [b"", b"name,id\n", b"%PDF-1.7", b"PK\x05\x06" + bytes(18)])
def test_other_files_are_no_workbook(data):
    assert code_of(data) == "FILE_NOT_XLSX"


def test_a_zip_without_a_workbook_is_no_workbook():
    out = BytesIO()
    with ZipFile(out, "w") as archive:
        archive.writestr("mimetype", "application/vnd.oasis.opendocument.spreadsheet")
    assert code_of(out.getvalue()) == "FILE_NOT_XLSX"


def test_a_binary_workbook_is_an_old_format():
    assert code_of(repacked(fill(draft()), extra={"xl/workbook.bin": b"x"})) == "FILE_OLD_FORMAT"


def test_a_file_above_the_size_limit_is_not_even_opened():
    assert code_of(bytes(package.SIZE_LIMIT + 1)) == "FILE_TOO_LARGE"


def test_a_part_that_inflates_too_much_is_refused():
    data = repacked(fill(draft()), extra={"xl/media/a.bin": bytes(8 * 1024 * 1024)})
    assert code_of(data) == "FILE_INFLATES"


def test_parts_that_inflate_too_much_together_are_refused(monkeypatch):
    monkeypatch.setattr(package, "INFLATED_LIMIT", 10_000)
    assert code_of(fill(draft())) == "FILE_INFLATES"


def test_too_many_parts_are_refused():
    extra = {f"xl/media/{number}.bin": b"x" for number in range(package.ENTRY_LIMIT)}
    assert code_of(repacked(fill(draft()), extra=extra)) == "FILE_INFLATES"


def test_a_part_that_lies_about_its_size_is_damaged():
    data = bytearray(fill(draft()))
    directory = data.rindex(b"PK\x01\x02")
    (size,) = struct.unpack_from("<I", data, directory + 24)
    struct.pack_into("<I", data, directory + 24, size - 1)
    assert code_of(bytes(data)) == "FILE_DAMAGED"


def test_a_truncated_file_is_damaged():
    assert code_of(fill(draft())[:-100]) == "FILE_DAMAGED"


def test_two_parts_of_one_name_are_refused():
    assert code_of(repacked(fill(draft()), extra={"XL/workbook.xml": b"<x/>"})) == "FILE_DAMAGED"


def test_an_encrypted_part_is_refused():
    data = bytearray(fill(draft()))
    struct.pack_into("<H", data, data.rindex(b"PK\x01\x02") + 8, 1)
    assert code_of(bytes(data)) == "FILE_ENCRYPTED"


def test_an_unusual_compression_is_refused():
    out = BytesIO()
    with ZipFile(BytesIO(fill(draft()))) as source, ZipFile(out, "w", ZIP_DEFLATED) as target:
        for entry in source.infolist():
            target.writestr(entry.filename, source.read(entry))
        target.writestr("xl/media/a.bin", b"x", ZIP_BZIP2)
    assert code_of(out.getvalue()) == "FILE_DAMAGED"


@pytest.mark.parametrize(
    ("part", "code"),
    [
        ("xl/vbaProject.bin", "MACROS"),
        ("xl/macrosheets/sheet1.xml", "MACROS"),
        ("xl/externalLinks/externalLink1.xml", "EXTERNAL_LINKS"),
        ("xl/connections.xml", "EXTERNAL_LINKS"),
        ("xl/embeddings/oleObject1.bin", "EMBEDDED_OBJECTS"),
        ("xl/activeX/activeX1.xml", "EMBEDDED_OBJECTS"),
    ],
)
def test_macros_links_and_objects_are_refused(part, code):
    assert code_of(repacked(fill(draft()), extra={part: b"<x/>"})) == code


def test_a_macro_enabled_type_is_refused_without_macros():
    data = in_part(
        "[Content_Types].xml",
        b"openxmlformats-officedocument.spreadsheetml.sheet.main+xml",
        b"ms-excel.sheet.macroEnabled.main+xml",
    )
    assert code_of(data) == "MACROS"


@pytest.mark.parametrize("declaration", [b'<!DOCTYPE x [<!ENTITY a "b">]>', b"<!DOCTYPE x>"])
def test_document_type_declarations_are_refused(declaration):
    data = in_part("xl/worksheets/sheet3.xml", b"<worksheet", declaration + b"<worksheet")
    assert code_of(data) == "XML_DECLARATION"


def test_a_declaration_is_found_in_a_part_of_any_name():
    extra = {"xl/media/strings.bin": b"\xef\xbb\xbf <!DOCTYPE x><sst/>"}
    assert code_of(repacked(fill(draft()), extra=extra)) == "XML_DECLARATION"


def test_a_picture_may_hold_any_bytes():
    extra = {"xl/media/image1.png": b"\x89PNG\0<!DOCTYPE"}
    assert parse(repacked(fill(draft()), extra=extra), TODAY) == draft()


def test_a_part_in_utf_16_hides_nothing():
    def change(name: str, content: bytes) -> bytes:
        return content.decode().encode("utf-16") if name == "xl/workbook.xml" else content

    assert code_of(repacked(fill(draft()), change)) == "FILE_DAMAGED"


def test_the_strict_variant_is_named_as_such():
    data = in_part(
        "xl/workbook.xml",
        b"http://schemas.openxmlformats.org/spreadsheetml/2006/main",
        b"http://purl.oclc.org/ooxml/spreadsheetml/main",
    )
    assert code_of(data) == "FILE_STRICT_FORMAT"


RELATION = (
    b'<Relationship Id="rId9" Target="http://sample.invalid/x" TargetMode="External" '
    b'Type="http://schemas.openxmlformats.org/officeDocument/2006/relationships/%s"/>'
)


def test_a_relation_to_an_outside_file_is_refused():
    end = b"</Relationships>"
    data = in_part("xl/_rels/workbook.xml.rels", end, RELATION % b"attachedTemplate" + end)
    assert code_of(data) == "EXTERNAL_LINKS"


def test_a_hyperlink_that_a_program_made_of_an_address_is_harmless():
    end = b"</Relationships>"
    data = in_part("xl/worksheets/_rels/sheet2.xml.rels", end, RELATION % b"hyperlink" + end)
    assert parse(data, TODAY) == draft()


@pytest.mark.parametrize(
    ("part", "old", "new"),
    [
        ("xl/workbook.xml", b"<sheets>", b"<sheets"),
        ("xl/styles.xml", b"<cellXfs", b"<cellYfs"),
        ("xl/worksheets/sheet3.xml", b"</sheetData>", b""),
        ("xl/worksheets/sheet3.xml", b'<row r="5"', b'<row r="4"'),
        ("xl/worksheets/sheet3.xml", b'r="B5"', b'r="A5"'),
        ("xl/worksheets/sheet3.xml", b'r="B5"', b'r="B6"'),
        ("xl/worksheets/sheet3.xml", b'r="B5"', b'r="5B"'),
        ("xl/worksheets/sheet3.xml", b'<row r="5"', b'<row r="0"'),
        ("xl/worksheets/sheet3.xml", b't="inlineStr"><is>', b't="s"><v>7</v><is>'),
    ],
)
def test_malformed_parts_are_a_damaged_file_and_nothing_else(part, old, new):
    assert codes_of(in_part(part, old, new)) == [("", "FILE_DAMAGED")]
