"""The table of movements as the page of the specification shows it: a diagram and a table."""

from __future__ import annotations

from collections import defaultdict
from pathlib import Path

from bus.model.admission import ACT_ZH, ADMISSION_ZH, Act, AdmissionState
from bus.rules.admission import TRANSITIONS

PAGE = Path(__file__).resolve().parents[2] / "docs" / "spec" / "admission.md"
BEGIN = "<!-- Written by tests/bus/test_rules_admission.py: HEDUI_WRITE_DOCS=1 -->\n"
END = "<!-- end of the table of movements -->\n"


def section() -> str:
    """Return the text between the markers."""
    lines = [
        "```mermaid",
        "stateDiagram-v2",
        f"    [*] --> {AdmissionState.APPLIED}: {_said(Act.APPLY)}",
    ]
    for state, possible in TRANSITIONS.items():
        together = defaultdict(list)
        for act, to in possible.items():
            together[to].append(_said(act))
        lines += [f"    {state} --> {to}: {', '.join(acts)}" for to, acts in together.items()]
    lines += ["```", "", "| state | acts |", "|---|---|"]
    for state, possible in TRANSITIONS.items():
        acts = ", ".join(f"{_said(act)} → {to}" for act, to in possible.items())
        lines.append(f"| {state} {ADMISSION_ZH[state]} | {acts} |")
    return "\n".join([*lines, ""])


def written() -> str:
    """Return what the page holds between the markers."""
    return PAGE.read_text("utf-8").partition(BEGIN)[2].partition(END)[0]


def write(text: str) -> None:
    """Put a new text between the markers."""
    page = PAGE.read_text("utf-8")
    before, _, rest = page.partition(BEGIN)
    PAGE.write_text(before + BEGIN + text + END + rest.partition(END)[2], "utf-8")


def _said(act: Act) -> str:
    return f"{act} {ACT_ZH[act]}"
