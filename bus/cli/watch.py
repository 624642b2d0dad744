"""Follows a query: a live picture on a terminal, plain lines or JSON lines elsewhere."""

from __future__ import annotations

import time
from contextlib import AbstractContextManager, nullcontext
from typing import Any, Protocol
from uuid import UUID

from rich.console import Console, Group
from rich.live import Live
from rich.progress_bar import ProgressBar
from rich.text import Text

from bus.api.query import HopBody, QueryDetail
from bus.cli.output import console, findings_table, plain, print_json
from bus.cli.remote import Remote
from bus.cli.tables import hop_line, progress_text, rows_table, state_text
from bus.flow.lifecycle import ENDED
from bus.model.case import QueryState

ENDS = frozenset({QueryState.DELIVERED, QueryState.REFUSED, *ENDED})
_LAST_HOPS = 8
_BAR_WIDTH = 40


class View(Protocol):
    """Shows a query as it stands."""

    def show(self, detail: QueryDetail, hops: tuple[HopBody, ...]) -> None:
        """Show the present state."""
        ...


def follow(remote: Remote, query: UUID, interval: float, *, as_json: bool) -> bool:
    """Show a query until it has ended; returns whether it was delivered.

    Otherwise it was refused, withdrawn, or has run out.

    Args:
        remote: The node.
        query: The query.
        interval: Seconds between two looks.
        as_json: One line of JSON for each change.
    """
    out = console()
    live: AbstractContextManager[Any] = nullcontext()
    view: View
    if as_json:
        view = _Json()
    elif out.is_terminal:
        picture = Live(console=out, auto_refresh=False)
        live, view = picture, _Picture(picture)
    else:
        view = _Lines(out)
    with live:
        while True:
            detail = remote.get(f"queries/{query}", QueryDetail)
            view.show(detail, remote.get(f"queries/{query}/timeline", tuple[HopBody, ...]))
            if detail.summary.state in ENDS:
                return detail.summary.state is QueryState.DELIVERED
            time.sleep(interval)


class _Picture:
    """The terminal's picture: state, progress, rows, the latest hops."""

    def __init__(self, live: Live) -> None:
        self._live = live

    def show(self, detail: QueryDetail, hops: tuple[HopBody, ...]) -> None:
        summary = detail.summary
        head = f"{summary.query}  {state_text(summary.state)}  {progress_text(summary)}"
        bar = ProgressBar(
            total=max(summary.counts.answers, 1),
            completed=summary.counts.answered,
            width=_BAR_WIDTH,
        )
        latest = [Text(hop_line(hop)) for hop in hops[-_LAST_HOPS:]]
        findings = [findings_table(detail.findings)] if detail.findings else []
        rows = rows_table(detail.rows)
        self._live.update(Group(Text(head), bar, *findings, rows, *latest), refresh=True)


class _Lines:
    """One line for each hop and each change of state."""

    def __init__(self, out: Console) -> None:
        self._out = out
        self._seen: set[tuple[str, str, str]] = set()
        self._head = ""

    def show(self, detail: QueryDetail, hops: tuple[HopBody, ...]) -> None:
        for hop in hops:
            # What tells hops apart; when one arrived is learned later and is no news here.
            key = (hop.message, hop.sender, hop.to)
            if key not in self._seen:
                self._out.print(hop_line(hop))
            self._seen.add(key)
        head = f"{state_text(detail.summary.state)} {progress_text(detail.summary)}"
        if head != self._head:
            self._out.print(head)
            for finding in detail.findings:
                self._out.print(f"  {finding.code} {finding.where} {finding.zh} / {finding.en}")
        self._head = head


class _Json:
    """One line of JSON for each change."""

    def __init__(self) -> None:
        self._last: Any = None

    def show(self, detail: QueryDetail, hops: tuple[HopBody, ...]) -> None:
        present = {"query": plain(detail), "hops": plain(hops)}
        if present != self._last:
            print_json(present)
        self._last = present
