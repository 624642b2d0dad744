"""The table of movements of a query as the page of the specification shows it."""

from __future__ import annotations

from collections import defaultdict
from pathlib import Path

from bus.flow.lifecycle import MOVEMENTS, Movement
from bus.model.case import STATE_ZH, CaseRole, QueryState

PAGE = Path(__file__).resolve().parents[2] / "docs" / "spec" / "lifecycle.md"
BEGIN = "<!-- Written by tests/docs/test_docs_lifecycle.py: HEDUI_WRITE_DOCS=1 -->\n"
END = "<!-- end of the table of movements -->\n"

TITLES = {
    CaseRole.REQUESTER: "At the requester 申请方",
    CaseRole.SUPERIOR: "At the province above a city that asks 上级省",
    CaseRole.REVIEWER: "At the hub 部中心",
    CaseRole.PROVIDER: "At a centre that passes orders down 转交中心",
    CaseRole.AGENCY: "At an agency 提供机构",
}
STARTS = {
    CaseRole.REQUESTER: QueryState.SUBMITTED,
    CaseRole.SUPERIOR: QueryState.SUBMITTED,
    CaseRole.REVIEWER: QueryState.SUBMITTED,
    CaseRole.PROVIDER: QueryState.STARTED,
    CaseRole.AGENCY: QueryState.STARTED,
}


ENDS = (QueryState.REFUSED, QueryState.DELIVERED, QueryState.CANCELLED, QueryState.EXPIRED)


def section() -> str:
    """Return the text between the markers."""
    return "".join(f"\n## {title}\n\n{_of(role)}" for role, title in TITLES.items()) + "\n"


def _of(role: CaseRole) -> str:
    movements = MOVEMENTS[role]
    lines = ["```mermaid", "stateDiagram-v2", f"    [*] --> {STARTS[role]}"]
    together: defaultdict[tuple[QueryState, QueryState], list[Movement]] = defaultdict(list)
    for one in movements:
        together[one.start, one.end].append(one)
    lines += [
        f"    {start} --> {end}: {'、'.join(dict.fromkeys(one.zh for one in found))}"
        for (start, end), found in together.items()
    ]
    named = {one.end for one in movements}
    lines += [f"    {state} --> [*]" for state in ENDS if state in named]
    lines += ["```", "", "| from | to | 因 | because | |", "|---|---|---|---|---|"]
    lines += [
        f"| {_named(one.start)} | {_named(one.end)} | {one.zh} | {one.en} | {one.requirement} |"
        for one in movements
    ]
    return "\n".join([*lines, ""])


def _named(state: QueryState) -> str:
    return f"{state} {STATE_ZH[state]}"


def written() -> str:
    """Return what the page holds between the markers."""
    return PAGE.read_text("utf-8").partition(BEGIN)[2].partition(END)[0]


def write(text: str) -> None:
    """Put a new text between the markers."""
    before, _, rest = PAGE.read_text("utf-8").partition(BEGIN)
    PAGE.write_text(before + BEGIN + text + END + rest.partition(END)[2], "utf-8")
