"""Every metric of the product on one list, with unit and meaning. Labels hold codes and ids only.

One `Metrics` belongs to one process; nothing is registered globally. Every set of label values is
bounded: by a code table, by the catalogue's resources, or by the participants of the directory. A
counter whose values are known beforehand starts at 0 for each of them, because Prometheus sees no
increase in a series that begins with 1.
"""

from __future__ import annotations

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram

from signer.envelope.kinds import Kind

ALARMING = ("EQUIVOCATION", "HELD_FULL", "HELD_TOO_LONG", "INTERNAL")
"""Refusals that somebody is woken for, so that already the first of each is an increase."""

ACCESS_CODES = (
    *("TOKEN_MISSING", "TOKEN_INVALID", "TOKEN_EXPIRED", "TOKEN_REVOKED", "TOKEN_OF_ANOTHER"),
    *("OPERATOR_DISABLED", "ROLE_MISSING", "TOO_MANY_FAILURES"),
)
"""Why a call is refused for who makes it."""

READY = "READY"
"""The reason of a participant that does its work."""

_MINUTE, _HOUR, _DAY = 60, 3600, 86400

WORK_SECONDS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10)
"""What a batch takes: milliseconds while all is well."""

LOOKUP_SECONDS = (0.005, 0.01, 0.05, 0.1, 0.5, 1, 5, 10, 30, _MINUTE, 5 * _MINUTE, 10 * _MINUTE)
"""What an agency's source takes: an index, or a table read to its end."""

WAIT_SECONDS = (0.01, 0.05, 0.1, 0.5, 1, 5, 30, _MINUTE, 5 * _MINUTE, _HOUR, 6 * _HOUR, _DAY)
"""How long a row waits for the broker: a moment, or as long as the broker is away."""

QUERY_SECONDS = (
    *(1, 5, 15, _MINUTE, 5 * _MINUTE, 30 * _MINUTE),
    *(_HOUR, 4 * _HOUR, 8 * _HOUR),
    *(days * _DAY for days in (1, 2, 3, 5, 7, 10, 14, 21, 30)),
)
"""From submission to delivery: seconds between machines, days where a medium or people are."""

WORKING_HOURS = (0.5, 1, 2, 4, 8, 16, 24, 32, 40, 56, 80, 120, 160, 240)
"""What the rules give days for: eight working hours each."""


class Metrics:
    """The metrics of one participant's process.

    Args:
        participant: Its id, the label of `hedui_participant_info`.
    """

    def __init__(self, participant: str) -> None:
        self.registry = CollectorRegistry()
        r = self.registry
        self.info = Gauge(
            "hedui_participant_info", "1 for the participant served here.", ["id"], registry=r
        )
        self.info.labels(id=participant).set(1)
        self.ready = Gauge(
            "hedui_ready",
            "1 with the reason READY, else 0 with the code of what is missing; one at a time.",
            ["reason"],
            registry=r,
        )
        self.database_up = Gauge(
            "hedui_database_up", "Whether the store answered this scrape, 1 or 0.", registry=r
        )
        self._pipeline()
        self._stages()
        self._outbox()
        self._broker()
        self._trust()
        self._account()
        self._deadlines()
        self._access()
        self._agency()
        self._uploads()

    def _pipeline(self) -> None:
        r = self.registry
        self.read = Counter(
            "hedui_records_read_total",
            "Records read from a topic and settled, whatever became of them.",
            ["topic"],
            registry=r,
        )
        self.handled = Counter(
            "hedui_messages_handled_total", "Messages handled to their end.", ["kind"], registry=r
        )
        self.duplicates = Counter(
            "hedui_messages_duplicate_total",
            "Messages met again and dropped by deduplication.",
            ["kind"],
            registry=r,
        )
        for kind in Kind:
            self.handled.labels(kind=kind)
            self.duplicates.labels(kind=kind)
        self.refused = Counter(
            "hedui_messages_refused_total", "Messages refused, by code.", ["code"], registry=r
        )
        for code in ALARMING:
            self.refused.labels(code=code)
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
        self.loop_errors = Counter(
            "hedui_loop_errors_total",
            "Failed rounds of a loop, retried, by code.",
            ["loop", "code"],
            registry=r,
        )

    def _stages(self) -> None:
        r = self.registry
        self.open_seconds = Histogram(
            "hedui_open_seconds",
            "Opening a batch: format, signatures, decryption, Avro; seconds.",
            buckets=WORK_SECONDS,
            registry=r,
        )
        self.step_seconds = Histogram(
            "hedui_step_seconds",
            "Settling a batch in one transaction, sealing included; seconds.",
            buckets=WORK_SECONDS,
            registry=r,
        )
        self.outbox_wait_seconds = Histogram(
            "hedui_outbox_wait_seconds",
            "From enqueueing an outbox row until the broker had it; seconds.",
            buckets=WAIT_SECONDS,
            registry=r,
        )
        self.lookup_seconds = Histogram(
            "hedui_lookup_seconds",
            "An agency looking up one row's persons in its source; seconds.",
            ["resource"],
            buckets=LOOKUP_SECONDS,
            registry=r,
        )
        self.query_seconds = Histogram(
            "hedui_query_seconds",
            "At the requester, from submission until everything was delivered; seconds.",
            buckets=QUERY_SECONDS,
            registry=r,
        )

    def _outbox(self) -> None:
        r = self.registry
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

    def _broker(self) -> None:
        r = self.registry
        self.lag = Gauge(
            "hedui_consumer_lag_records",
            "Records of a topic that are still to be read.",
            ["topic"],
            registry=r,
        )
        self.topic_refused = Gauge(
            "hedui_topic_refused",
            "1 for a topic that refuses us, with the code; the others are read on.",
            ["topic", "code"],
            registry=r,
        )

    def _trust(self) -> None:
        r = self.registry
        self.directory_version = Gauge(
            "hedui_directory_version", "Version of the directory in force.", registry=r
        )
        self.directory_expires = Gauge(
            "hedui_directory_expires_timestamp_seconds",
            "When the directory in force expires.",
            registry=r,
        )
        self.rules_ignored = Gauge(
            "hedui_provincial_rules_ignored",
            "At a node: its own rules that would relax the catalogue and are passed over (R039).",
            registry=r,
        )
        self.certificate_expires = Gauge(
            "hedui_certificate_expires_timestamp_seconds",
            "When our newest certificate of a use expires.",
            ["use"],
            registry=r,
        )
        self.participant_certificate_expires = Gauge(
            "hedui_participant_certificate_expires_timestamp_seconds",
            "At the hub: when a participant's newest certificate of a use expires.",
            ["participant", "use"],
            registry=r,
        )
        self.catalogue_reports_overdue = Gauge(
            "hedui_catalogue_reports_overdue",
            "At the hub: provinces that have not reported their resources for too long.",
            registry=r,
        )

    def _account(self) -> None:
        r = self.registry
        self.queries = Gauge(
            "hedui_queries", "Queries on file, by role and state.", ["role", "state"], registry=r
        )
        self.open_rows = Gauge(
            "hedui_open_rows", "At the hub: rows owed, by province.", ["province"], registry=r
        )
        self.oldest_due = Gauge(
            "hedui_open_rows_oldest_due_timestamp_seconds",
            "At the hub: the earliest due time of the rows a province owes.",
            ["province"],
            registry=r,
        )
        self.overdue_rows = Gauge(
            "hedui_overdue_rows",
            "At the hub: rows owed past their due time, by province.",
            ["province"],
            registry=r,
        )
        self.overdue_hours = Gauge(
            "hedui_overdue_working_hours",
            "At the hub: working hours since the earliest due time passed, by province.",
            ["province"],
            registry=r,
        )
        self.due_soon_rows = Gauge(
            "hedui_due_soon_rows",
            "At the hub: rows due today or by the end of the next working day, by province.",
            ["province"],
            registry=r,
        )

    def _access(self) -> None:
        r = self.registry
        self.purged = Counter(
            "hedui_cases_purged_total",
            "Cases whose contents were destroyed at the end of their retention, by role.",
            ["role"],
            registry=r,
        )
        self.retention_waiting = Gauge(
            "hedui_retention_waiting_queries",
            "Queries past their retention whose contents are not destroyed yet.",
            registry=r,
        )
        self.inspection_due = Gauge(
            "hedui_audit_inspection_due_timestamp_seconds",
            "When the audit chain is to be inspected next; 0 where nothing is prescribed.",
            registry=r,
        )
        self.access_refused = Counter(
            "hedui_access_refused_total",
            "Calls of the operator's API that were refused for who made them, by code.",
            ["code"],
            registry=r,
        )
        for code in ACCESS_CODES:
            self.access_refused.labels(code=code)

    def _uploads(self) -> None:
        r = self.registry
        self.upload_late_days = Gauge(
            "hedui_upload_late_days",
            "At an agency that uploads: calendar days a resource's upload is late, 0 in time.",
            ["resource"],
            registry=r,
        )
        self.upload_as_of = Gauge(
            "hedui_upload_as_of_timestamp_seconds",
            "At an agency that uploads: the day the data in use is true as of; 0: none yet.",
            ["resource"],
            registry=r,
        )

    def _deadlines(self) -> None:
        r = self.registry
        self.deadline_warnings = Counter(
            "hedui_deadline_warnings_total",
            "Deadlines warned of before they passed, by kind and by the province that owes.",
            ["kind", "province"],
            registry=r,
        )
        self.deadline_breaches = Counter(
            "hedui_deadline_breaches_total",
            "Deadlines that passed, by kind and by the province that owes.",
            ["kind", "province"],
            registry=r,
        )
        self.deadlines = Gauge(
            "hedui_deadlines",
            "Deadlines of what is not done yet, by kind: near (one working day left), or passed.",
            ["kind", "standing"],
            registry=r,
        )
        self.answer_hours = Histogram(
            "hedui_answer_working_hours",
            "At hub and requester: from an order to its answer, by province; working hours.",
            ["province"],
            buckets=WORKING_HOURS,
            registry=r,
        )
        self.query_hours = Histogram(
            "hedui_query_working_hours",
            "At hub and requester: from receipt to delivery, by the requester's province.",
            ["province"],
            buckets=WORKING_HOURS,
            registry=r,
        )
        self.answer_faults = Counter(
            "hedui_answer_faults_total",
            "At hub and requester: answers that could not be used, by province.",
            ["province"],
            registry=r,
        )

    def _agency(self) -> None:
        r = self.registry
        self.rows_waiting = Gauge(
            "hedui_rows_waiting_for_people",
            "At an agency: rows that wait until people have acted, as for a medium to come back.",
            registry=r,
        )
        self.source_up = Gauge(
            "hedui_source_up",
            "At an agency: whether its source answers, 1 or 0, by the kind of connector.",
            ["kind"],
            registry=r,
        )
        self.source_breaker = Gauge(
            "hedui_source_breaker",
            "At an agency: 1 for the state of the breaker: CLOSED, OPEN or HALF_OPEN (one trial).",
            ["state"],
            registry=r,
        )
        self.authority_refused = Counter(
            "hedui_authority_refused_total",
            "At an agency: rows not looked up because their authority does not hold, by code.",
            ["code"],
            registry=r,
        )
        self.disclosure_withheld = Counter(
            "hedui_disclosure_withheld_total",
            "At an agency: outcomes that were held back before sealing, by code.",
            ["code"],
            registry=r,
        )
