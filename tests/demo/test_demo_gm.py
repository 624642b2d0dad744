"""The demo in the 国密 suite: the same result, every message made in it, the proof verified."""

from __future__ import annotations

import json

import pytest
from demo_expectation import answered, expected

from adapters.demo.agencies import shipped_data
from signer.envelope.parse import reread
from signer.proof.format import read_proof
from signer.suites.keys import SM2

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def delivered(gm_possible, start_demo):
    running = start_demo("--suite", SM2)
    outcome = running.line()
    assert running.process.wait(60) == 0, running.said()
    assert running.left_over() == []
    return running, outcome


def test_the_result_is_what_the_tables_say(delivered, package):
    running, outcome = delivered
    result = json.loads((running.out / "result.json").read_text("utf-8"))
    data = shipped_data()
    assert answered(result) == expected(data / "application.xlsx", data / "tables", package)
    assert outcome["state"] == "DELIVERED"


def test_every_message_of_the_proof_is_of_the_suite_throughout(delivered):
    running, _ = delivered
    proof = read_proof((running.out / "proof.hedui").read_bytes())
    assert len(proof.messages) > 10
    for message in proof.messages:
        opened = reread(message.envelope)
        wraps = {r.suite for s in opened.statements for r in s.recipients}
        signed = {seal.signature.suite for seal in opened.envelope.seals}
        assert ({opened.header.suite}, wraps, signed) == ({SM2}, {SM2}, {SM2})


def test_the_proof_verifies_with_the_roots_beside_it_and_not_with_one_of_them(
    delivered, hedui, tmp_path
):
    running, _ = delivered
    roots = running.out / "root.pem"
    verify = ("proof", "verify", running.out / "proof.hedui", "--json", "--root")
    done = hedui(*verify, roots)
    assert (done.returncode, json.loads(done.stdout)["valid"]) == (0, True)
    end = "-----END CERTIFICATE-----\n"
    p256, sm2_root, rest = roots.read_text("utf-8").split(end)
    assert rest == ""
    for number, root in enumerate((p256, sm2_root)):
        alone = tmp_path / f"{number}.pem"
        alone.write_text(root + end, "utf-8")
        assert hedui(*verify, alone).returncode == 1


def test_a_suite_that_does_not_exist_is_refused_before_anything_starts(hedui, tmp_path):
    done = hedui("demo", "--suite", "sm2", "--out", tmp_path / "out")
    assert done.returncode == 1
    assert "SUITE_NAME" in done.stderr
    assert not (tmp_path / "out" / "result.json").exists()
