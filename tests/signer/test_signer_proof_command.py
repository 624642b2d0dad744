"""`hedui proof verify`: exit status, what it prints, and that JSON is one document."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.serialization import Encoding
from proof_world import World, delivered_world, refused_world, row
from rich.console import Console
from typer.testing import CliRunner

from signer.ca.issue import make_root
from signer.commands.proof import app
from signer.proof.account import ProofState
from signer.proof.later import directory_file
from signer.proof.rendering import render, to_plain
from signer.proof.verify import verify

SPEC = Path(__file__).parents[2] / "docs/spec/proof.md"


@pytest.fixture(name="root")
def root_fixture(tree, tmp_path):
    path = tmp_path / "root.pem"
    path.write_bytes(tree.root.certificate.public_bytes(Encoding.PEM))
    return path


def run(*arguments):
    return CliRunner().invoke(app, ["verify", *(str(a) for a in arguments)])


def filed(tmp_path, data: bytes):
    path = tmp_path / "proof.hedui"
    path.write_bytes(data)
    return path


def test_a_valid_proof_ends_0_and_says_who_asked_approved_and_answered(tree, root, tmp_path):
    world = delivered_world(tree)
    result = run(filed(tmp_path, world.file()), "--root", root)
    assert result.exit_code == 0
    for said in (
        "证明有效",
        str(world.query),
        "测试单位 370000 (370000)",
        "受理 accepted",
        "2026-03-02 16:00:03",
        "321200 → 测试单位 321200.housing-bureau",
        "320000 批转 endorsed",
        "住房公积金账户 housing-fund-account: 已反馈 answered",
    ):
        assert said in result.stdout
    digest = world.digests["application"].hex()
    assert digest[:40] in result.stdout


def test_json_is_one_document_with_the_whole_account(tree, root, tmp_path):
    data = delivered_world(tree).file()
    result = run(filed(tmp_path, data), "--root", root, "--json")
    assert result.exit_code == 0
    document = json.loads(result.stdout)
    account = verify(data, tree.validator)
    assert document == {"valid": True, "account": to_plain(account)}
    assert document["account"]["decision"]["decided_at"] == "2026-03-02T08:00:03.000Z"
    assert document["account"]["application"]["digest"] == account.application.digest.hex()


def test_the_specification_lists_every_key_of_the_account(tree):
    text = SPEC.read_text(encoding="utf-8").partition("## 10.")[2].partition("## 11.")[0]
    rows = re.findall(r"^\| ((?:`\w+`(?:, )?)+) \| (?!what)", text, re.MULTILINE)
    listed = [name for row in rows for name in re.findall(r"`(\w+)`", row)]
    states = {state.value for state in ProofState}
    account = to_plain(verify(delivered_world(tree).file(), tree.validator))
    assert sorted(set(listed) - states) == sorted(account)
    nested = [key for value in account.values() for key in keys_of(value)]
    assert [key for key in nested if f"`{key}`" not in text and key not in {"id", "title"}] == []


def keys_of(value):
    match value:
        case dict():
            return [*value, *(key for item in value.values() for key in keys_of(item))]
        case list():
            return [key for item in value for key in keys_of(item)]
        case _:
            return []


def test_what_is_told_of_revocations_and_times(tree, root, tmp_path, monkeypatch):
    world = delivered_world(tree)
    agency = tree.participants["hub.marriage"]
    at = world.now + timedelta(days=1)
    proof = filed(tmp_path, world.file())
    keys = tuple(replace(key, revoked=at) for key in agency.keys)
    tree.participants["hub.marriage"] = replace(agency, keys=keys)
    later = tmp_path / "directory.hedui"
    issued = {"issued": at + timedelta(days=1), "expires": at + timedelta(days=2), "version": 7}
    later.write_bytes(directory_file(tree.records(**issued)))

    monkeypatch.setenv("COLUMNS", "200")
    result = run(proof, "--root", root, "--directory", later)
    document = json.loads(run(proof, "--root", root, "--directory", later, "--json").stdout)

    assert result.exit_code == 0
    for said in (
        "使用后已吊销 revoked since, on 2026-03-03",
        "吊销情况查至 revocations known until 2026-03-04 16:00:35：目录 directory v7",
        "他方签章 endorsed: hub",
        "可信时间：无，仅其自述 trusted: none but its own word",
    ):
        assert said in result.stdout
    standing = {c["owner"]["id"]: c["standing"] for c in document["account"]["certificates"]}
    assert standing["hub.marriage"] == "REVOKED_SINCE"
    assert document["account"]["later"]["version"] == 7


def test_an_opened_proof_is_marked_and_told(tree, root, tmp_path):
    world = delivered_world(tree, opened=True)
    proof = filed(tmp_path, world.file())
    result = run(proof, "--root", root)
    assert result.stdout.splitlines()[1].startswith("本证明公开了反馈内容，含个人信息")
    assert "未查到 not found: 1" in result.stdout
    account = json.loads(run(proof, "--root", root, "--json").stdout)["account"]
    outcomes = account["answers"][0]["fragments"][0]["outcomes"]
    assert outcomes == [
        {"line": 1, "reference": 1, "outcome": "NOT_FOUND", "code": None, "records": []}
    ]


def test_a_root_of_an_authority_that_is_none_ends_2(tree, root, tmp_path):
    proof = filed(tmp_path, refused_world(tree).file())
    wrong = tmp_path / "wrong.pem"
    wrong.write_bytes(b"nothing")
    result = run(proof, "--root", root, "--tsa-root", wrong)
    assert result.exit_code == 2
    assert "KEY_FILE_MALFORMED" in result.stderr


def test_an_altered_proof_ends_1_and_names_the_failed_check(tree, root, tmp_path):
    data = bytearray(refused_world(tree).file())
    data[1000] ^= 1
    result = run(filed(tmp_path, bytes(data)), "--root", root)
    assert result.exit_code == 1
    assert result.stdout == ""
    assert "证明无效" in result.stderr
    assert "check 2 (whole-file digest) failed" in result.stderr
    assert "PROOF_DIGEST" in result.stderr


def test_another_root_ends_1_and_json_names_the_failed_check(tree, tmp_path):
    root = tmp_path / "root.pem"
    other = make_root(tree.now)
    root.write_bytes(other.certificate.public_bytes(Encoding.PEM))
    result = run(filed(tmp_path, refused_world(tree).file()), "--root", root, "--json")
    assert result.exit_code == 1
    document = json.loads(result.stdout)
    assert document["valid"] is False
    assert document["check"] == {
        "number": 4,
        "name": "directory",
        "zh": "参与方目录",
        "en": "directory",
    }
    assert document["code"] == "PROOF_DIRECTORY"
    assert document["remedy_zh"]
    assert document["remedy_en"]


def test_a_file_that_is_not_there_ends_2(root, tmp_path):
    result = run(tmp_path / "none", "--root", root)
    assert result.exit_code == 2
    assert "PROOF_FILE_UNREADABLE" in result.stderr
    document = json.loads(run(tmp_path / "none", "--root", root, "--json").stdout)
    assert (document["valid"], document["check"]) == (None, None)


def test_a_root_that_is_no_certificate_or_no_root_ends_2(tree, root, tmp_path):
    proof = filed(tmp_path, refused_world(tree).file())
    wrong = tmp_path / "wrong.pem"
    wrong.write_bytes(b"nothing")
    assert "KEY_FILE_MALFORMED" in run(proof, "--root", wrong).stderr
    leaf = tree.leaves["hub"].signing.certificate
    wrong.write_bytes(leaf.public_bytes(Encoding.PEM))
    result = run(proof, "--root", wrong)
    assert result.exit_code == 2
    assert "CERT_ROOT_UNFIT" in result.stderr
    assert str(wrong) in result.stderr
    assert run(proof, "--root", tmp_path / "none.pem").exit_code == 2


def test_what_is_owed_late_or_not_served_is_said(tree):
    world = World(tree)
    world.applied()
    world.decide()
    rows = [
        row("hub.marriage", "marriage-registration", world.now),
        row("320000", "housing-fund-account", world.due),
    ]
    unserved = {"part": 1, "resource": "unknown-resource", "code": "NO_AGENCY"}
    world.dispatch("hub", rows, (unserved,))
    world.answer("hub.marriage", "marriage-registration", last=False)
    text = shown(world)
    for said in (
        "未反馈 open",
        "逾期 late",
        "反馈不完整 incomplete",
        "unknown-resource",
        "NO_AGENCY",
    ):
        assert said in text


def test_what_a_participant_wrote_cannot_steer_the_terminal(tree):
    world = refused_world(tree)
    body = {
        "application": world.digests["application"],
        "accepted": False,
        "findings": [{"code": "R042", "zh": "\x1b[2J[bold]甲", "en": "\x07x", "where": ""}],
        "decided_by": "审查员\r乙",
        "decided": datetime(2026, 3, 2, tzinfo=UTC),
        "start_by": datetime(2026, 3, 4, tzinfo=UTC),
    }
    reply = world.digests["application"]
    world.add("decision", "hub", "Decision", "370000", body, in_reply_to=reply)
    text = shown(world)
    assert "\ufffd[2J[bold]甲 / \ufffdx" in text
    assert not {"\x1b", "\x07", "\r"} & set(text)


def shown(world) -> str:
    console = Console(width=160)
    with console.capture() as capture:
        console.print(render(verify(world.file(), world.tree.validator)))
    return capture.get()
