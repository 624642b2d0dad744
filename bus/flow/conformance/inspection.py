"""Whose turn is an inspection? Nobody can tell beforehand, and nobody is left out (R015)."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta

from bus.flow.conformance.check import ExamRules
from signer.directory.view import Directory, Standing
from signer.envelope.wrapping import Entropy
from signer.identity import HUB

_DRAW_BYTES = 8
LATEST = 2
"""After so many times the average interval an inspection is due without any draw."""


def chosen(
    directory: Directory,
    last: Mapping[str, datetime],
    running: Iterable[str],
    period: timedelta,
    now: datetime,
    rules: ExamRules,
    entropy: Entropy,
) -> tuple[str, ...]:
    """Return the participants to inspect in this round.

    Each round everybody is drawn with the same small chance, whenever it was inspected last; so
    the time of the next inspection tells itself by nothing.

    Args:
        directory: The directory in force; only who is connected is inspected.
        last: When each was inspected last, or came to be seen first.
        running: Those of whom a run is open.
        period: Time between two rounds.
        now: The present instant.
        rules: How often inspections are to be.
        entropy: The dice.
    """
    busy = set(running)
    found = []
    for name, participant in sorted(directory.participants.items()):
        if name == HUB or participant.standing is not Standing.CONNECTED or name in busy:
            continue
        draw = int.from_bytes(entropy(_DRAW_BYTES)) / 256**_DRAW_BYTES
        late = name in last and now - last[name] >= LATEST * rules.inspect_every
        if late or draw < period / rules.inspect_every:
            found.append(name)
    return tuple(found)


def overdue(last: datetime | None, now: datetime, rules: ExamRules) -> bool:
    """Whether a connected participant has gone without an inspection for too long."""
    return last is None or now - last >= LATEST * rules.inspect_every
