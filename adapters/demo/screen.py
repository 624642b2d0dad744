"""What the operator sees while the demo runs: a live line on a terminal, plain lines elsewhere."""

from __future__ import annotations

from typing import Self

from rich.console import Console, RenderableType
from rich.live import Live
from rich.spinner import Spinner
from rich.text import Text

from adapters.demo.watch import Watch


class Screen:
    """Lines of progress, each with the seconds since the beginning.

    Args:
        console: Where to.
        watch: Whose seconds are told.
    """

    def __init__(self, console: Console, watch: Watch) -> None:
        self._console = console
        self._watch = watch
        self._spinner = Spinner("dots")
        # Refreshed by hand: no thread of its own, since processes are started meanwhile.
        self._live = Live(self._spinner, console=console, auto_refresh=False, transient=True)

    def __enter__(self) -> Self:
        if self._console.is_terminal:
            self._live.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.settle()

    def step(self, zh: str, en: str) -> None:
        """Print a line that stays: a step that is done."""
        self._console.print(self._line(zh, en))

    def status(self, zh: str, en: str) -> None:
        """Show what is going on, on a terminal only."""
        if self._live.is_started:
            self._spinner.update(text=self._line(zh, en))
            self._live.refresh()

    def settle(self) -> None:
        """Take the live line away; safe to call twice."""
        self._live.stop()

    def show(self, *parts: RenderableType) -> None:
        """Print something larger; a line of text is never folded, it may be a command to copy."""
        for part in parts:
            self._console.print(part, soft_wrap=isinstance(part, Text))

    def _line(self, zh: str, en: str) -> Text:
        seconds = f"{self._watch.seconds:6.1f} s  "
        return Text.assemble((seconds, "cyan"), zh, "  ", (en, "dim"))
