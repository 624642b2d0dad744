"""`hedui proof` and `hedui audit verify` against a node on a real socket."""

from __future__ import annotations

import json

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding

OPERATOR = ("--operator", "王芳")


@pytest.fixture(name="delivered")
def delivered_fixture(hedui, live, workbook):
    """The id of a delivered query."""
    sent = hedui("query", "submit", workbook(2), "--socket", live.node, *OPERATOR, "--json")
    live.settle()
    return json.loads(sent.out)["query"]


@pytest.fixture(name="root")
def root_fixture(live, tmp_path):
    path = tmp_path / "root.pem"
    roots = map(x509.load_der_x509_certificate, live.country.validator().roots)
    path.write_bytes(b"".join(root.public_bytes(Encoding.PEM) for root in roots))
    return path


def test_a_proof_is_exported_and_verified_with_file_and_root_alone(
    hedui, live, delivered, root, tmp_path
):
    out = tmp_path / "proof.hedui"
    base = ("proof", "export", delivered, "--socket", live.node)

    nobody = hedui(*base, "--out", out)
    ended = hedui(*base, *OPERATOR, "--out", out, "--json")
    nowhere = hedui(*base, *OPERATOR, "--out", tmp_path / "missing" / "proof.hedui")
    verified = hedui("proof", "verify", out, "--root", root)

    assert "OPERATOR_MISSING" in nobody.err
    assert json.loads(ended.out) == {
        "file": str(out),
        "bytes": out.stat().st_size,
        "opened": False,
    }
    assert "FILE_UNWRITABLE" in nowhere.err
    assert verified.code == 0
    assert "证明有效" in verified.out
    assert "含个人信息" not in verified.out


@pytest.mark.requirement("R035")
def test_an_opened_proof_says_that_it_holds_personal_data(hedui, live, delivered, root, tmp_path):
    out = tmp_path / "opened.hedui"
    base = ("proof", "export", delivered, "--socket", live.node, *OPERATOR, "--out", out)

    without = hedui(*base, "--open")
    unused = hedui(*base, "--purpose", "城乡低保")
    ended = hedui(*base, "--open", "--purpose", "城乡低保")
    verified = hedui("proof", "verify", out, "--root", root)
    document = json.loads(hedui("proof", "verify", out, "--root", root, "--json").out)
    audit = json.loads(hedui("audit", "list", "--socket", live.node, "--json").out)

    assert "PURPOSE_MISSING" in without.err
    assert "PURPOSE_UNUSED" in unused.err
    assert "含个人信息" in ended.out
    assert "含个人信息" in verified.out
    assert document["account"]["opened"] is True
    answers = document["account"]["answers"]
    outcomes = [o for a in answers for f in a["fragments"] for o in f["outcomes"]]
    assert {o["outcome"] for o in outcomes} == {"NOT_FOUND"}
    exported = [e["detail"] for e in audit if e["event"] == "proof.exported"]
    assert exported == [{"opened": 1, "purpose": "城乡低保"}]


def test_a_later_directory_is_exported_and_taken_for_revocations(
    hedui, live, delivered, root, tmp_path
):
    proof, later = tmp_path / "proof.hedui", tmp_path / "directory.hedui"
    hedui("proof", "export", delivered, "--socket", live.node, *OPERATOR, "--out", proof)

    ended = hedui("proof", "directory", "--socket", live.node, "--out", later, "--json")
    verified = hedui("proof", "verify", proof, "--root", root, "--directory", later)
    wrong = hedui("proof", "verify", proof, "--root", root, "--directory", proof)

    assert json.loads(ended.out)["bytes"] == later.stat().st_size
    assert "目录 directory v1" in verified.out
    assert wrong.code == 2
    assert "DIRECTORY_FILE_MALFORMED" in wrong.err


def test_query_has_no_second_door_to_proofs(hedui, live, delivered, tmp_path):
    out = tmp_path / "proof.hedui"
    ended = hedui("query", "proof", delivered, "--socket", live.node, *OPERATOR, "--out", out)
    assert ended.code == 2
    assert not out.exists()


def test_a_walk_beside_the_daemon_says_how_far_the_chain_is_signed(
    hedui, live, delivered, tmp_path
):
    out = tmp_path / "proof.hedui"
    hedui("proof", "export", delivered, "--socket", live.node, *OPERATOR, "--out", out)

    told = hedui("audit", "verify", "--socket", live.node)
    found = json.loads(hedui("audit", "verify", "--socket", live.node, "--json").out)

    assert "签名首页 1 个" in told.out
    # The head is the last entry, and reaches to the one before it.
    assert (found["heads"], found["signed_to"]) == (1, found["entries"] - 1)


@pytest.mark.parametrize("option", ["--root", "--password-file", "--ca-file"])
def test_what_stands_with_a_store_only_is_refused_without(hedui, live, tmp_path, option):
    ended = hedui("audit", "verify", "--socket", live.node, option, tmp_path / "file", "--json")
    assert json.loads(ended.err)["code"] == "OPTION_UNUSED"
