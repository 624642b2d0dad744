"""Operators and tokens from the command line, on the daemon's socket."""

from __future__ import annotations

import json
import stat

import pytest

STAFF = ("--operator", "值班员")


@pytest.fixture
def office(hedui, live, tmp_path):
    """Runs a command on the node's socket in somebody's name, with its token where there is one."""

    def run(*arguments, by=None):
        token = () if by is None else ("--token-file", tmp_path / f"{by}.token")
        return hedui(*token, *arguments, "--socket", live.node)

    return run


@pytest.fixture
def administered(office, tmp_path):
    """An administrator 甲 and a submitter 乙, their tokens in files."""
    first = office("operator", "add", "甲", "--role", "administrator", *STAFF)
    assert first.code == 0, first.err
    office("operator", "token", "new", "甲", "--out", tmp_path / "甲.token", *STAFF)
    office("operator", "add", "乙", "--role", "submitter", "--role", "viewer", by="甲")
    last = office("operator", "token", "new", "乙", "--out", tmp_path / "乙.token", by="甲")
    assert last.code == 0, last.err


@pytest.mark.requirement("R076")
def test_from_the_first_administrator_to_a_submitted_query(
    office, administered, workbook, tmp_path, live
):
    file = tmp_path / "乙.token"
    text = file.read_text().strip()

    nobody = office("query", "list", "--operator", "乙")
    submitted = office("query", "submit", workbook(1), "--json", by="乙")
    listed = office("operator", "list", by="甲")
    refused = office("query", "submit", workbook(1), by="甲")

    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert (nobody.code, "TOKEN_MISSING" in nobody.err) == (2, True)
    assert json.loads(submitted.out)["operator"] == "乙"
    assert "查看员 viewer、提交员 submitter" in listed.out
    assert text.split("_")[1] in listed.out
    assert text.split("_", 2)[2] not in listed.out
    assert (refused.code, "ROLE_MISSING" in refused.err) == (2, True)


@pytest.mark.requirement("R076")
def test_roles_standing_and_tokens_are_changed_and_told(office, administered, tmp_path):
    token = (tmp_path / "乙.token").read_text().strip()

    changed = office("operator", "roles", "乙", "--role", "reviewer", "--json", by="甲")
    disabled = office("operator", "disable", "乙", by="甲")
    enabled = office("operator", "enable", "乙", by="甲")
    own = office("operator", "token", "new", "乙", "--days", "1", by="乙")
    pasted = office("operator", "token", "revoke", "乙", token, by="甲")
    revoked = office("operator", "token", "revoke", "乙", token.split("_")[1], by="甲")
    after = office("query", "list", by="乙")

    assert json.loads(changed.out)["roles"] == ["reviewer"]
    assert disabled.out == "乙：审查员 reviewer，已停用 disabled\n"
    assert enabled.out == "乙：审查员 reviewer\n"
    assert own.out.splitlines()[1].startswith("hedui_")
    assert (pasted.code, "TOKEN_ID" in pasted.err, token in pasted.err) == (2, True, False)
    assert "已收回" in revoked.out
    assert (after.code, "TOKEN_REVOKED" in after.err) == (2, True)


@pytest.mark.requirement("R076")
def test_a_token_file_that_others_read_or_that_holds_none_is_not_used(
    office, administered, tmp_path
):
    (tmp_path / "乙.token").chmod(0o644)
    empty = tmp_path / "丙.token"
    empty.touch(0o600)

    readable = office("query", "list", by="乙")
    nothing = office("query", "list", by="丙")
    missing = office("query", "list", by="丁")

    assert (readable.code, "KEY_FILE_READABLE" in readable.err) == (2, True)
    assert (nothing.code, "TOKEN_FILE" in nothing.err) == (2, True)
    assert (missing.code, "KEY_FILE_MISSING" in missing.err) == (2, True)


def test_an_empty_list_says_so(office):
    assert (
        office("operator", "list", *STAFF).out == "没有登记操作员 / no operators are registered\n"
    )
