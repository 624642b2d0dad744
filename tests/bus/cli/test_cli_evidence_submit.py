"""`hedui query submit --evidence`: authorisations handed in, hashed and indexed (R022, R023)."""

from __future__ import annotations

import hashlib
import json
from dataclasses import replace
from datetime import date

import pytest

from bus.daemon.work import open_stored
from bus.workbook.template import fill
from signer.envelope.kinds import Kind

OPERATOR = ("--operator", "王芳")
FIRST = b"%PDF-1.7\n" + bytes(range(256)) * 30
SECOND = b"\xff\xd8\xff\xe0" + bytes(900)

pytestmark = [pytest.mark.requirement("R022"), pytest.mark.requirement("R023")]


@pytest.fixture
def folder(tmp_path):
    made = tmp_path / "授权书"
    made.mkdir()
    (made / "一户.pdf").write_bytes(FIRST)
    (made / "三.jpg").write_bytes(SECOND)
    return made


@pytest.fixture
def submit(hedui, live, make_draft, tmp_path):
    """Submits a list of three persons who name these files."""

    def run(names, *arguments, **changed):
        draft = make_draft(3)
        persons = tuple(
            replace(person, document_file=name, **changed)
            for person, name in zip(draft.persons, names, strict=True)
        )
        path = tmp_path / "申请.xlsx"
        path.write_bytes(fill(replace(draft, persons=persons)))
        return hedui(
            "query", "submit", path, *arguments, "--socket", live.node, *OPERATOR, "--json"
        )

    return run


def faults(ended):
    assert ended.code == 2
    error = json.loads(ended.err)
    assert error["code"] == "WORKBOOK_FAULTS"
    for fault in error["faults"]:
        assert fault["allowed"]
    return [(f["sheet"], f["column"], f["row"], f["code"]) for f in error["faults"]]


def queries(hedui, live):
    return json.loads(hedui("query", "list", "--socket", live.node, "--json").out)


async def consents(desk):
    async with desk.store.transaction() as unit:
        (case,) = await unit.cases("reviewer")
        kept = await unit.messages(case.query, Kind.CONSENT)
    return [one for stored in kept for one in open_stored(desk.office, stored).body.consents]


def test_files_are_archived_by_person_and_their_hashes_reach_the_hub(hedui, live, submit, folder):
    ended = submit(
        *(("一户.pdf", "一户.pdf", "三.jpg"), "--evidence", folder),
        scope="全国各核对机构",
        valid_until=date(2027, 2, 20),
    )
    assert ended.code == 0, ended.err
    query = json.loads(ended.out)["query"]
    listed = hedui("evidence", "list", query, "--socket", live.node, *OPERATOR, "--json")
    digests = [hashlib.sha256(data).hexdigest() for data in (FIRST, FIRST, SECOND)]
    found = json.loads(listed.out)
    assert [(d["person"], d["kind"], d["sha256"]) for d in found] == [
        (number, "authorisation", digest) for number, digest in enumerate(digests, 1)
    ]
    tables = live.country["370000"].store._tables
    assert len(tables.evidence_files) == 2
    live.settle()
    given = live.run(consents(live.country["hub"]))
    assert [one.document_hash.hex() for one in given] == digests
    assert {(one.scope, one.valid_until) for one in given} == {
        ("全国各核对机构", date(2027, 2, 20))
    }


def test_who_registers_nothing_applies_as_before(hedui, live, submit):
    assert submit((None, None, None)).code == 0
    live.settle()
    given = live.run(consents(live.country["hub"]))
    assert {(one.document_hash, one.scope, one.valid_until) for one in given} == {(None, "", None)}


def test_every_file_that_is_missing_or_unfit_is_named_with_its_cell(hedui, live, submit, folder):
    (folder / "空.pdf").write_bytes(b"")
    (folder / "大.pdf").write_bytes(FIRST)
    with (folder / "大.pdf").open("ab") as file:
        file.truncate(100 * 1024 * 1024 + 1)
    (folder / "表.xlsx").write_bytes(b"PK\x03\x04" + bytes(99))
    for names, codes in (
        (("无.pdf", "空.pdf", "大.pdf"), ["FILE_MISSING", "EMPTY", "TOO_LARGE"]),
        (("表.xlsx", "三.jpg", "../一户.pdf"), ["TYPE", None, "NAME"]),
        (("一户.pdf", ".隐.pdf", "C:\\x.pdf"), [None, "NAME", "NAME"]),
    ):
        expected = [
            ("名单", "J", row, f"EVIDENCE_{code}") for row, code in enumerate(codes, 3) if code
        ]
        assert faults(submit(names, "--evidence", folder)) == expected
    assert queries(hedui, live) == []
    assert live.country["370000"].store._tables.evidence_files == {}


def test_files_that_are_named_and_not_handed_in_are_refused_by_the_node(hedui, live, submit):
    assert faults(submit(("一户.pdf", None, "../三.jpg"))) == [
        ("名单", "J", 3, "EVIDENCE_FILE_MISSING"),
        ("名单", "J", 5, "EVIDENCE_NAME"),
    ]
    assert queries(hedui, live) == []
