"""Texts of other participants on an operator's terminal: shown, never obeyed."""

from __future__ import annotations

import pytest

from bus.api.errors import ErrorBody, FindingBody
from bus.cli.output import console, findings_table, print_error, printable, table
from bus.cli.remote import RemoteError

ESCAPES = (
    "\x1b[2J\x1b[H",  # clears the screen
    "\x1b]52;c;ZWNobw==\x07",  # writes the clipboard
    "\x9b31m",  # a colour, by the one-byte introducer
    "\u202eDETPECCA",  # turns the direction of writing
    "\b\b\b\b",
    "\r",
)


STEERING = set("\x1b\x9b\x07\b\r\u202e")


@pytest.mark.parametrize("escape", ESCAPES, ids=ascii)
def test_a_finding_cannot_steer_the_terminal(capsys, escape):
    finding = FindingBody(code="X", zh=f"同意{escape}", en=f"{escape}no", where=escape)
    console().print(findings_table([finding]))
    made = table("title")
    made.add_row(f"{escape}cell")
    console().print(made)
    shown = "".join(capsys.readouterr())
    assert not STEERING & set(shown)
    assert "同意\ufffd" in shown
    assert "no" in shown


@pytest.mark.parametrize("escape", ESCAPES, ids=ascii)
def test_an_error_cannot_steer_the_terminal(capsys, escape):
    body = ErrorBody(
        code="X",
        zh=f"错{escape}",
        en=f"bad{escape}",
        remedy_zh=escape,
        where=escape,
        findings=(FindingBody(code="Y", zh=escape, en=escape, where=""),),
    )
    print_error(RemoteError(body), as_json=False)
    shown = "".join(capsys.readouterr())
    assert not STEERING & set(shown)
    assert "错\ufffd" in shown


def test_ordinary_text_stays_as_it_is():
    text = "张三·阿不都\t第一行\n第二行 (ACCEPTED) ①"
    assert printable(text) == text
