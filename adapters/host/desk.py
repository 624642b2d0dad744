"""An adapter's store, keys and directory, opened beside its daemon, without a broker.

What people do at an agency's centre (load an upload, hand out a list, take it back) is done on the
adapter's own store, by commands that run whether the daemon does or not. Each names its operator
and leaves an entry in the audit chain.
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from uuid import UUID

from adapters.contract import Books, Setup
from adapters.host.router import AgencyRouter
from adapters.host.setup import setup_of
from bus.config.models import Config
from bus.daemon.assemble import Participant, assemble
from bus.daemon.work import Work
from bus.errors import HeduiError, InputError
from bus.model.audit import Event
from bus.ports.clock import Clock
from bus.ports.store import Unit

_LONGEST_NAME = 100


@dataclass(frozen=True)
class Desk:
    """An adapter as one of its operators sees it.

    Attributes:
        participant: Office, store and log; no loop runs.
        setup: What its connector is made from.
        operator: Who acts.
    """

    participant: Participant
    setup: Setup
    operator: str

    @property
    def books(self) -> Books:
        """The adapter's store and the key that seals what rests in it."""
        return self.setup.books_needed

    def now(self) -> datetime:
        """Return the present instant, UTC."""
        return self.participant.office.clock.now()

    def work(self, unit: Unit) -> Work:
        """Return the effects of an act, to be finished in the same transaction."""
        return Work(self.participant.office, unit, self.now())

    def note(
        self, work: Work, query: UUID | None, event: Event, **detail: str | int | None
    ) -> None:
        """Leave an entry in the operator's name (R035, R078)."""
        work.note(query, event, f"operator:{self.operator}", **detail)


@asynccontextmanager
async def open_desk(
    config: Config, path: Path, operator: str, *, clock: Clock | None = None
) -> AsyncIterator[Desk]:
    """Open an adapter's store, with the directory that was last adopted.

    Args:
        config: Its configuration.
        path: The configuration's file.
        operator: Who acts, for the audit chain.
        clock: The clock; the machine's unless given.

    Raises:
        InputError: `OPERATOR_MISSING`: nobody is named, or in more than 100 characters.
        ConfigError: Configuration or keys are unfit.
        HeduiError: The store cannot be opened, or is sealed under another key.
    """
    name = operator.strip()
    if not name or len(name) > _LONGEST_NAME or not name.isprintable():
        raise InputError(
            "OPERATOR_MISSING",
            "没有写明操作员",
            "no operator is named",
            remedy_zh="请用 --operator 写明姓名或工号，不超过 100 字",
            remedy_en="Name yourself with --operator, in at most 100 characters",
            where="--operator",
        )
    # No broker is reached, so that a plaintext one does no harm.
    participant = assemble(config, AgencyRouter(), dev=True, clock=clock)
    office, store = participant.office, participant.store
    await store.open()
    try:
        office.store_key = await participant.store_key.bind(store, office.me, office.clock)
        await participant.keeper.load()
        books = Books(office.me, store, lambda: office.store_key)
        yield Desk(participant, setup_of(config, path, books), name)
    finally:
        with suppress(HeduiError):
            await store.close()
