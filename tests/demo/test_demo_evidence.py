"""Evidence through real daemons: called up, sent in chunks, received, accepted (R024, R026)."""

from __future__ import annotations

import json
import time

import pytest

OPERATOR = ("--operator", "王芳", "--json")
PATIENCE = 60
SCAN = b"%PDF-1.7\n" + bytes(range(256)) * 4000


@pytest.fixture
def ask(stayed, hedui):
    sockets = stayed.outcome["stay"]["sockets"]

    def run(at, *arguments):
        ended = hedui("evidence", *arguments, "--socket", sockets[at], *OPERATOR)
        assert ended.returncode == 0, ended.stderr
        return json.loads(ended.stdout)

    return run


def until(look, wanted):
    """Look again, which starts a process each time, until it is as wanted."""
    end = time.monotonic() + PATIENCE
    while time.monotonic() < end:
        found = look()
        if wanted(found):
            return found
    raise AssertionError(look())


@pytest.mark.requirement("R024")
@pytest.mark.requirement("R026")
def test_evidence_goes_from_the_call_to_the_verdict(ask, stayed, tmp_path):
    query = stayed.outcome["query"]
    scan, out = tmp_path / "授权书.pdf", tmp_path / "out"
    scan.write_bytes(SCAN)
    out.mkdir()
    call = ask("hub", "request", query, "--person", 1, "--kind", "授权书", "--reason", "SAMPLE")
    until(lambda: ask("370000", "calls"), lambda found: found)
    added = ask("370000", "add", query, scan, "--person", 1)
    assert added["chunks"] == 2
    ask("370000", "send", call["call"])
    until(
        lambda: ask("hub", "show", call["call"])["summary"]["items"][0]["state"],
        lambda state: state == "RECEIVED",
    )
    (entry,) = ask("hub", "export", query, "--out", out, "--purpose", "核对授权")
    assert (out / entry["file"]).read_bytes() == SCAN
    assert ask("hub", "accept", call["call"])["closed"]
    until(lambda: ask("370000", "calls", "--open"), lambda found: not found)
