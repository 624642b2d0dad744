"""The tests and the cases as the page of the specification lists them."""

from __future__ import annotations

from pathlib import Path

from bus.flow.conformance.checks import CHECKS
from signer.faulty.cases import CASES, UNTRIED

PAGE = Path(__file__).resolve().parents[2] / "docs" / "spec" / "conformance.md"
BEGIN = "<!-- Written by tests/docs/test_docs_conformance.py: HEDUI_WRITE_DOCS=1 -->\n"
END = "<!-- end of the lists -->\n"


def section() -> str:
    """Return the text between the markers."""
    lines = ["| no. | test | what passes | 巡检 |", "|---|---|---|---|"]
    for check in CHECKS:
        zh, en = check.about
        inspected = "✓" if check.inspected else ""
        lines.append(f"| {check.number} | {check.zh} `{check.name}` | {zh}。 {en}. | {inspected} |")
    lines += [
        "",
        "The cases of test 2; the hundreds of a number are the check that must see it:",
        "",
    ]
    lines += ["| case | what is wrong | verdict |", "|---|---|---|"]
    lines += [f"| {case.number} | {case.zh} / {case.en} | `{case.expect}` |" for case in CASES]
    lines += ["", "Codes that the hub alone cannot bring about:", "", "| code | why |", "|---|---|"]
    lines += [f"| `{code}` | {why} |" for code, why in UNTRIED.items()]
    return "\n".join(["", *lines, "", ""])


def written() -> str:
    """Return what the page holds between the markers."""
    return PAGE.read_text("utf-8").partition(BEGIN)[2].partition(END)[0]


def write(text: str) -> None:
    """Put a new text between the markers."""
    before, _, rest = PAGE.read_text("utf-8").partition(BEGIN)
    PAGE.write_text(before + BEGIN + text + END + rest.partition(END)[2], "utf-8")
