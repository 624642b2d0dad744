"""An agency without a network: packages go out, are verified and filled offline, and come back."""

from __future__ import annotations

import asyncio
import json
import secrets
from dataclasses import replace
from datetime import timedelta

import pytest
from returns_site import (
    ADAPTER,
    NOW,
    PEOPLE,
    SECRET,
    Site,
    audit_of,
    exported,
    fill,
    items,
    line,
    refusal,
)

from adapters.medium.agency import check_filled, open_query, pack
from adapters.medium.contents import QueryContents, query_bytes, read_query
from adapters.registry import open_connector
from adapters.returns.hand_out import hand_out
from adapters.returns.take_back import take_back
from bus.cli import main
from bus.errors import HeduiError
from bus.workbook.faults import WorkbookFaults
from signer.ca.files import init_ca
from signer.certificates import PathValidator
from signer.keydirectory import read_certificates
from signer.medium.agency import make_keys, read_keys
from signer.medium.package import seal
from signer.uuid7 import uuid7

APPROVED = [item for item in items() if item != "paid_to"]


class Agency:
    """What stands at the agency: its keys and the root certificate, nothing else."""

    def __init__(self, site: Site) -> None:
        self.ring = read_keys(site.folder / "agency", SECRET)
        self.validator = site.authorities.validator

    def open(self, data):
        return open_query(data, self.ring, self.validator, NOW)

    def pack(self, opened, workbook, ring=None):
        return pack(
            opened,
            workbook,
            ring or self.ring,
            NOW,
            uuid7(NOW, secrets.token_bytes),
            secrets.token_bytes(32),
        )


@pytest.fixture
async def out(medium):
    """A package that went out, as bytes, and the order under which."""
    order = await medium.ordered()
    (file,) = await exported(medium)
    return order, file.read_bytes()


@pytest.mark.requirement("R066")
async def test_a_package_is_verified_offline_filled_and_taken_back(medium, out):
    order, data = out
    agency = Agency(medium)
    opened = agency.open(data)
    authority = opened.authority
    assert [(s.sender, s.to) for s in authority.path] == [
        ("370000", "hub"),
        ("hub", "320000"),
        ("320000", ADAPTER),
    ]
    assert (authority.requester, authority.order) == ("370000", order.chain)
    assert authority.application == b"\x0a" * 32
    assert authority.approved == NOW
    assert opened.task.persons == PEOPLE
    assert list(opened.task.items) == APPROVED
    filled = fill(opened.contents.workbook).saved()
    assert [o.code for o in check_filled(opened, filled, NOW).outcomes] == [None, None]
    back = agency.pack(opened, filled)
    async with medium.desk() as desk:
        done = await take_back(desk, "medium", back)
        assert (done.found, done.not_found) == (1, 1)
        entries = await audit_of(desk, order.query)
    assert [event for event, _, _ in entries][-2:] == ["medium.exported", "medium.imported"]
    assert entries[-1][2]["agency"] == entries[-2][2]["agency"] == medium.keys.fingerprint
    assert await refusal(medium, back) == "RETURN_TAKEN"


@pytest.mark.requirement("R066")
async def test_the_package_shows_no_person_and_the_rosters_other_content_stays_sealed(medium, out):
    _, data = out
    for person in PEOPLE:
        assert person.name.encode() not in data
        assert person.id_number.encode() not in data
    opened = Agency(medium).open(data)
    # What the agency gets of the roster is its envelope; its body is for the adapter alone.
    assert PEOPLE[0].id_number.encode() not in opened.contents.envelope


@pytest.mark.requirement("R012")
async def test_an_agency_takes_packages_of_its_own_root_only(medium, out, tmp_path):
    agency = Agency(medium)
    init_ca(tmp_path / "ca", SECRET, NOW, 20)
    agency.validator = PathValidator(read_certificates(tmp_path / "ca" / "root.pem")[0])
    with pytest.raises(HeduiError) as caught:
        agency.open(out[1])
    assert caught.value.code == "CERT_ROOT_UNKNOWN"


@pytest.mark.requirement("R066")
@pytest.mark.parametrize(
    ("changed", "where"),
    [
        ({"items": ("name", "amount", "paid_to", "account", "sex")}, "items"),
        ({"persons": PEOPLE[:1]}, "persons"),
        ({"requester": "440000"}, "requester"),
        ({"provider": "320000.tax"}, "provider"),
        ({"resource": "housing-fund-account"}, "resource"),
        ({"due": NOW + timedelta(days=8)}, "term"),
        ({"query": uuid7(NOW, secrets.token_bytes)}, "query"),
    ],
)
async def test_a_list_that_asks_what_was_not_ordered_is_refused_at_the_agency(
    medium, out, changed, where
):
    """Even where the centre itself signs it: the hub's order is what counts."""
    opened = Agency(medium).open(out[1])
    contents = replace(opened.contents, task=replace(opened.task, **changed))
    assert where == await _judged(medium, opened, contents)


@pytest.mark.requirement("R066")
async def test_an_envelope_or_directory_that_does_not_verify_is_refused_at_the_agency(medium, out):
    opened = Agency(medium).open(out[1])
    envelope = bytearray(opened.contents.envelope)
    envelope[-10] ^= 1
    broken = replace(opened.contents, envelope=bytes(envelope))
    assert (await _judged(medium, opened, broken)).startswith("envelope: ")
    records = {k: v for k, v in opened.contents.directory.items() if k != "370000"}
    broken = replace(opened.contents, directory=records)
    assert await _judged(medium, opened, broken) == "directory: DIRECTORY_INCOMPLETE"
    broken = replace(opened.contents, received=NOW + timedelta(minutes=1))
    assert await _judged(medium, opened, broken) == "times"


async def _judged(medium, opened, contents: QueryContents) -> str:
    ring = medium.authorities.rings[ADAPTER]
    data = seal(
        opened.header, query_bytes(contents), medium.keys.encryption, ring, secrets.token_bytes(32)
    )
    with pytest.raises(HeduiError) as caught:
        Agency(medium).open(data)
    assert caught.value.code == "MEDIUM_AUTHORITY"
    return caught.value.where


@pytest.mark.requirement("R066")
async def test_a_return_under_other_keys_or_of_another_package_changes_nothing(
    medium, out, tmp_path
):
    _, data = out
    agency = Agency(medium)
    opened = agency.open(data)
    filled = fill(opened.contents.workbook).saved()
    make_keys(tmp_path / "other", b"passphrase")
    stranger = read_keys(tmp_path / "other", b"passphrase")
    assert await refusal(medium, agency.pack(opened, filled, stranger)) == "MEDIUM_SIGNER"
    foreign = replace(opened, header=replace(opened.header, id=uuid7(NOW, secrets.token_bytes)))
    assert await refusal(medium, agency.pack(foreign, filled)) == "RETURN_OF_ANOTHER"
    assert await refusal(medium, data) == "MEDIUM_KIND"
    assert await refusal(medium, filled) == "MEDIUM_MALFORMED"
    back = agency.pack(opened, filled)
    assert await refusal(medium, back[:-1]) == "MEDIUM_MALFORMED"
    flipped = bytearray(back)
    flipped[len(back) // 2] ^= 1
    assert await refusal(medium, bytes(flipped)) == "MEDIUM_SIGNATURE"
    async with medium.desk() as desk:
        assert (await take_back(desk, "medium", back)).found == 1


@pytest.mark.requirement("R066")
async def test_faults_of_a_list_are_found_where_the_data_are(medium, out):
    opened = Agency(medium).open(out[1])
    wrong = fill(opened.contents.workbook)
    wrong.put(4, 查询结果=None)
    wrong.put(3, **{"提取金额（元）": "=1+1"})
    with pytest.raises(WorkbookFaults) as caught:
        check_filled(opened, wrong.saved(), NOW)
    found = [(fault.place, fault.code) for fault in caught.value.faults]
    assert found == [("名单!I3", "CELL_FORMULA"), ("名单!F4", "OUTCOME_MISSING")]
    assert await refusal(medium, Agency(medium).pack(opened, wrong.saved())) == "WORKBOOK_FAULTS"


async def test_the_contents_read_back_as_they_were_written(medium, out):
    opened = Agency(medium).open(out[1])
    assert read_query(query_bytes(opened.contents), opened.header.id) == opened.contents


async def test_the_keys_of_the_agency_must_be_there_from_the_start(medium):
    async with medium.desk() as desk:
        await open_connector(desk.setup).check()
        (medium.folder / "agency" / "agency-medium.pub").unlink()
        with pytest.raises(HeduiError, match="KEY_FILE_MISSING"):
            await open_connector(desk.setup).check()
        with pytest.raises(HeduiError, match="KEY_FILE_MISSING"):
            await hand_out(desk, "medium", medium.out)


def run(capsys, *arguments):
    """Run the command line; returns its JSON, or the error's."""
    with pytest.raises(SystemExit) as ended:
        main([*map(str, arguments), "--json"])
    told = capsys.readouterr()
    return json.loads(told.out or told.err) if ended.value.code in {0, 2} else None


@pytest.mark.requirement("R056")
async def test_both_sides_by_command(medium, capsys):
    """From the keys to the answer, with no broker anywhere (its address answers nobody)."""
    await medium.ordered(line(1))
    # The commands start a loop of their own.
    await asyncio.to_thread(_both_sides, medium, capsys)


def _both_sides(medium, capsys):
    folder = medium.folder
    at_centre = ("-c", medium.config, "--operator", "王芳")
    keys = ("--keys", folder / "agency", "--passphrase-file", medium.passphrase)
    at_agency = (*keys, "--root", medium.authorities.root)
    (waits,) = run(capsys, "medium", "list", *at_centre)
    assert (waits["state"], waits["persons"]) == ("WAITING", 2)
    done = run(capsys, "medium", "export", *at_centre, "--out", medium.out)
    (went,) = done["exported"]
    assert done["agency"] == medium.keys.fingerprint
    package, sheet = went["file"], folder / "list.xlsx"
    told = run(capsys, "medium", "open", package, *at_agency, "--out", sheet)
    assert (told["requester"], told["persons"], told["items"]) == ("370000", 2, APPROVED)
    assert told["list"] == went["list"]
    assert sheet.stat().st_mode & 0o777 == 0o600
    filled, back = folder / "filled.xlsx", folder / "back.hdm"
    packing = ("medium", "pack", filled, "--package", package, *at_agency, "--out", back)
    filled.write_bytes(sheet.read_bytes())
    assert run(capsys, *packing)["code"] == "WORKBOOK_FAULTS"
    assert not back.exists()
    filled.write_bytes(fill(sheet.read_bytes()).saved())
    assert run(capsys, *packing)["file"] == str(back)
    taken = run(capsys, "medium", "import", back, *at_centre)
    assert (taken["found"], taken["not_found"], taken["late"]) == (1, 1, False)
    (waits,) = run(capsys, "medium", "list", *at_centre)
    assert waits["state"] == "RETURNED"
    assert run(capsys, "medium", "import", back, *at_centre)["code"] == "RETURN_TAKEN"
    nobody = ("-c", medium.config, "--operator", " ")
    assert run(capsys, "medium", "list", *nobody)["code"] == "OPERATOR_MISSING"
