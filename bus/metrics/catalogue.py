"""Every metric of the product on one list, with unit and meaning. Labels hold codes and ids only.

One `Metrics` belongs to one process; nothing is registered globally.
"""

from __future__ import annotations

from prometheus_client import CollectorRegistry, Counter, Gauge


class Metrics:
    """The metrics of one participant's process.

    Args:
        participant: Its id, a label of every metric.
    """

    def __init__(self, participant: str) -> None:
        self.registry = CollectorRegistry()
        r = self.registry
        self.info = Gauge(
            "hedui_participant_info", "1 for the participant served here.", ["id"], registry=r
        )
        self.info.labels(id=participant).set(1)
        self.handled = Counter(
            "hedui_messages_handled_total", "Messages handled to their end.", ["kind"], registry=r
        )
        self.refused = Counter(
            "hedui_messages_refused_total", "Messages refused, by code.", ["code"], registry=r
        )
        self.duplicates = Counter(
            "hedui_messages_duplicate_total",
            "Messages met again and dropped by deduplication.",
            ["kind"],
            registry=r,
        )
        self.held_total = Counter(
            "hedui_messages_held_total",
            "Messages parked, by what they wait for.",
            ["code"],
            registry=r,
        )
        self.held = Gauge("hedui_held_messages", "Messages parked now.", registry=r)
        self.quarantined = Counter(
            "hedui_messages_quarantined_total", "Records put into quarantine.", registry=r
        )
        self.published = Counter(
            "hedui_outbox_published_total", "Outbox rows stored by the broker.", registry=r
        )
        self.outbox_depth = Gauge(
            "hedui_outbox_rows", "Outbox rows not yet stored by the broker.", registry=r
        )
        self.outbox_age = Gauge(
            "hedui_outbox_oldest_seconds",
            "Age of the oldest unsent outbox row, seconds.",
            registry=r,
        )
        self.queries = Gauge(
            "hedui_queries", "Queries on file, by role and state.", ["role", "state"], registry=r
        )
        self.directory_version = Gauge(
            "hedui_directory_version", "Version of the directory in force.", registry=r
        )
        self.directory_expires = Gauge(
            "hedui_directory_expires_timestamp_seconds",
            "When the directory in force expires.",
            registry=r,
        )
        self.certificate_expires = Gauge(
            "hedui_certificate_expires_timestamp_seconds",
            "When our newest certificate of a use expires.",
            ["use"],
            registry=r,
        )
        self.loop_errors = Counter(
            "hedui_loop_errors_total",
            "Failed rounds of a loop, retried, by code.",
            ["loop", "code"],
            registry=r,
        )
