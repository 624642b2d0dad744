"""Which files can be evidence, and what the others are refused with (R022, R023)."""

import pytest

from bus.errors import InputError
from bus.rules import evidence_file as rules

PDF, JPEG, PNG = b"%PDF-1.7", b"\xff\xd8\xff\xe0JFIF", b"\x89PNG\r\n\x1a\n"

pytestmark = pytest.mark.requirement("R023")


@pytest.mark.parametrize(
    ("head", "name", "kind"),
    [
        (PDF, "授权书.pdf", rules.PDF),
        (PDF, "A.PDF", rules.PDF),
        (JPEG, "a.jpg", rules.JPEG),
        (JPEG, "a.b.jpeg", rules.JPEG),
        (PNG, "a.png", rules.PNG),
    ],
)
def test_the_content_says_what_it_is(head, name, kind):
    assert rules.check_start(head, name, "here") == kind


@pytest.mark.parametrize(
    ("head", "name", "code"),
    [
        (b"", "a.pdf", "EVIDENCE_EMPTY"),
        (b"PK\x03\x04\x14\x00\x00\x00", "bomb.xlsx", "EVIDENCE_TYPE"),
        (b"PK\x03\x04\x14\x00\x00\x00", "bomb.pdf", "EVIDENCE_TYPE"),
        (b"MZ\x90\x00", "a.pdf", "EVIDENCE_TYPE"),
        (b"<svg xmln", "a.png", "EVIDENCE_TYPE"),
        (b" %PDF-1.", "a.pdf", "EVIDENCE_TYPE"),
        (b"\xff\xd8", "a.jpg", "EVIDENCE_TYPE"),
        (PDF, "a.jpg", "EVIDENCE_TYPE_DIFFERS"),
        (PNG, "a.pdf", "EVIDENCE_TYPE_DIFFERS"),
        (PDF, "授权书", "EVIDENCE_TYPE_DIFFERS"),
        (PDF, "a.pdf.exe", "EVIDENCE_TYPE_DIFFERS"),
    ],
)
def test_other_content_and_another_extension_are_refused(head, name, code):
    with pytest.raises(InputError) as caught:
        rules.check_start(head, name, "名单 第 3 行")
    assert (caught.value.code, caught.value.where) == (code, "名单 第 3 行")
    assert caught.value.remedy_zh
    assert name not in str(caught.value)


@pytest.mark.parametrize(
    "name",
    [
        "",
        ".",
        "..",
        ".hidden.pdf",
        "../a.pdf",
        "a/b.pdf",
        "a\\b.pdf",
        "C:a.pdf",
        "a\n.pdf",
        " a.pdf",
        "x" * 201,
        "a*.pdf",
        "\u202efdp.exe",
    ],
)
def test_a_name_that_is_a_path_or_hides_something_is_refused(name):
    with pytest.raises(InputError) as caught:
        rules.check_file_name(name, "here")
    assert caught.value.code == "EVIDENCE_NAME"
    assert not rules.is_own_name(name)


def test_an_operators_name_may_be_chinese_and_what_travels_is_not():
    rules.check_file_name("张三 授权书（2026）.pdf", "here")
    assert not rules.is_own_name("张三.pdf")
    made = rules.own_name(7, "authorisation", 2, rules.PDF)
    assert made == "P000007-authorisation-2.pdf"
    assert rules.is_own_name(made)
    assert not rules.is_own_name("a..pdf")


def test_one_byte_more_than_100_mb_is_refused():
    rules.check_size(100 * 1024 * 1024, "here")
    with pytest.raises(InputError) as caught:
        rules.check_size(100 * 1024 * 1024 + 1, "here")
    assert caught.value.code == "EVIDENCE_TOO_LARGE"
    assert rules.chunks_of(100 * 1024 * 1024) == 200
    assert [rules.chunks_of(size) for size in (0, 1, rules.CHUNK, rules.CHUNK + 1)] == [0, 1, 1, 2]
