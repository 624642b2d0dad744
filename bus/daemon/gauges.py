"""What gauges show at a scrape: the store's counts, the directory's certificates, rows owed.

A scrape counts and never reads: its work is bounded by the number of participants.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from bus.daemon.office import Office
from bus.daemon.open_rows import OpenRows
from bus.errors import HeduiError
from bus.metrics.catalogue import Metrics
from bus.model.case import CaseRole, QueryState
from bus.ports.store import Store, Unit
from bus.rules.report_due import is_overdue, reporting
from signer.directory.view import Directory, Key, KeyUse
from signer.identity import HUB


@dataclass
class Gauges:
    """The gauges of one participant that mirror something else.

    Attributes:
        open_rows: What is owed; counted at the hub only.
    """

    office: Office
    store: Store
    metrics: Metrics
    open_rows: OpenRows
    _mirrored: Directory | None = None

    async def refresh(self) -> None:
        """Set the gauges; what cannot be told now is counted as an error of the loop `metrics`."""
        try:
            await self._from_store()
            self.metrics.database_up.set(1)
        except HeduiError as error:
            # The counters of this process are good without the store, and now needed most.
            self.metrics.database_up.set(0)
            self._count(error)
        if self.office.me != HUB or not self.office.ready:
            return
        self._from_directory(self.office.directory)
        try:
            self.open_rows.show(self.metrics, self.office.clock.now())
        except HeduiError as error:
            self._count(error)

    def _count(self, error: HeduiError) -> None:
        self.metrics.loop_errors.labels(loop="metrics", code=error.code).inc()

    async def _from_store(self) -> None:
        metrics, now = self.metrics, self.office.clock.now()
        async with self.store.transaction() as unit:
            tally = await unit.tally()
            reported = await self._reported(unit)
        since = tally.oldest_unsent or now
        metrics.outbox_depth.set(tally.unsent)
        metrics.outbox_age.set((now - since).total_seconds())
        metrics.held.set(tally.held)
        for role in CaseRole:
            for state in QueryState:
                count = tally.cases.get((role, state), 0)
                metrics.queries.labels(role=role, state=state).set(count)

        if reported is not None:
            metrics.catalogue_reports_overdue.set(self._overdue(reported, now))

    async def _reported(self, unit: Unit) -> dict[str, datetime] | None:
        if self.office.me != HUB or not self.office.ready:
            return None
        return dict(await unit.catalogue_report_times())

    def _overdue(self, reported: Mapping[str, datetime], now: datetime) -> int:
        """How many provinces have been silent about their resources for too long (R038)."""
        every = self.office.report_every
        owing = reporting(self.office.directory)
        return sum(is_overdue(reported.get(one.id), every, now) for one in owing)

    def _from_directory(self, directory: Directory) -> None:
        if directory is self._mirrored:
            return
        gauge = self.metrics.participant_certificate_expires
        gauge.clear()
        for participant in directory.participants.values():
            newest: dict[KeyUse, Key] = {}
            for key in participant.keys:
                last = newest.get(key.use, key)
                if key.revoked is None and _rank(key) >= _rank(last):
                    newest[key.use] = key
            for use, key in newest.items():
                labelled = gauge.labels(participant=participant.id, use=use)
                labelled.set(key.not_after.timestamp())
        self._mirrored = directory


def _rank(key: Key) -> tuple[int, float]:
    return key.generation, key.not_before.timestamp()
