"""Are our own certificates good for long enough? Said 60, 30 and 7 days before they end.

What happens then: an ended TLS certificate is refused by brokers (`BROKER_TLS`), an ended signing
certificate by every receiver. So with the latter we stop by ourselves (`Office.in_force`), and what
waits goes on after the renewal.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from bus.logs.setup import Logger
from bus.metrics.catalogue import Metrics
from bus.ports.clock import Clock
from signer.directory.view import Key, KeyUse

LOOK_EVERY = timedelta(hours=1)

STAGES = (timedelta(days=60), timedelta(days=30), timedelta(days=7), timedelta(0))
"""How long before its end a certificate is spoken of; the last is the end itself."""

REMIND = timedelta(days=1)
"""How often the same stage is said again."""


@dataclass
class CertificateWatch:
    """Watches the current certificates of this process.

    Attributes:
        keys: One of each use.
    """

    keys: Sequence[Key]
    clock: Clock
    metrics: Metrics
    log: Logger
    _told: dict[KeyUse, tuple[timedelta, datetime]] = field(default_factory=dict)

    async def look(self) -> None:
        """Set the gauges, and say what ends soon or has ended."""
        now = self.clock.now()
        for key in self.keys:
            self.metrics.certificate_expires.labels(use=key.use).set(key.not_after.timestamp())
            reached = [stage for stage in STAGES if key.not_after - now <= stage]
            if reached:
                self._tell(key, reached[-1], now)

    def _tell(self, key: Key, stage: timedelta, now: datetime) -> None:
        told = self._told.get(key.use)
        if told is not None and told[0] == stage and now < told[1] + REMIND:
            return
        self._told[key.use] = stage, now
        if not stage:
            self.log.error("certificate.expired", code="CERT_EXPIRED", where=key.use)
            return
        days = (key.not_after - now).days
        self.log.warning("certificate.expires", code="CERT_EXPIRES_SOON", where=key.use, count=days)
