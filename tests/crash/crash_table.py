"""The table of what was done and how it came out, in docs/reliability.md between two markers."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from crash_deeds import Outcome
from crash_program import ROLE_NAMES

BEGIN, END = "<!-- crashes: written by `make crash` -->", "<!-- crashes: end -->"
_TITLES = (
    "killed at",
    "who",
    "killed, started",
    "queries",
    "persons",
    "answers",
    "copies",
    "refused",
    "lost",
    "twice",
    "audit chains",
)
_HEAD = (f"| {' | '.join(_TITLES)} |", "|---" * len(_TITLES) + "|")


def line(outcome: Outcome) -> str:
    """Return one line of the table."""
    account = outcome.account
    chains = f"{account.chains} of {account.chains + len(account.broken)}"
    cells = (
        outcome.point,
        ROLE_NAMES[outcome.role],
        outcome.kills,
        account.queries,
        account.persons,
        account.answers,
        account.copies,
        account.refused,
        len(account.lost),
        len(account.twice),
        chains,
    )
    return f"| {' | '.join(map(str, cells))} |"


def table(outcomes: Sequence[Outcome]) -> str:
    """Return the whole table, with a line of sums."""
    accounts = [outcome.account for outcome in outcomes]
    sums = (
        sum(outcome.kills for outcome in outcomes),
        *(
            sum(getattr(account, name) for account in accounts)
            for name in ("queries", "persons", "answers", "copies", "refused")
        ),
        sum(len(account.lost) for account in accounts),
        sum(len(account.twice) for account in accounts),
    )
    broken = sum(len(account.broken) for account in accounts)
    total = f"| **all** | | {' | '.join(map(str, sums))} | {broken} broken |"
    return "\n".join((*_HEAD, *map(line, outcomes), total))


def put_into(page: Path, outcomes: Sequence[Outcome], measured: str) -> None:
    """Write the table into a page, between its markers."""
    text = page.read_text("utf-8")
    before, _, rest = text.partition(BEGIN)
    after = rest.partition(END)[2]
    page.write_text(f"{before}{BEGIN}\n{measured}\n\n{table(outcomes)}\n{END}{after}", "utf-8")
