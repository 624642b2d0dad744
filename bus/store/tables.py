"""Every table of a participant's database.

Instants are whole milliseconds since the epoch, UTC; digests 32 raw bytes; ids of queries and
messages 16 raw bytes. No column holds personal data in clear: bodies rest sealed, secrets under
the store key.
"""

from __future__ import annotations

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    Table,
    Text,
    UniqueConstraint,
)

from bus.store.columns import Headers, Instant, RowNumber, UuidBytes

metadata = MetaData()


def _number(comment: str) -> Column[int]:
    """Return the key of a table whose rows are numbered in the order they came."""
    return Column("number", RowNumber, primary_key=True, autoincrement=True, comment=comment)


seen = Table(
    "seen",
    metadata,
    Column("source", Text, primary_key=True, comment="participant id of the origin"),
    Column("message_id", UuidBytes, primary_key=True, comment="the message id it gave"),
    Column("digest", LargeBinary, nullable=False, comment="message digest it was verified with"),
    Column("at", Instant, nullable=False, comment="when it was taken in; bounds the window"),
)

cases = Table(
    "cases",
    metadata,
    Column("query", UuidBytes, primary_key=True, comment="query id"),
    Column("role", Text, primary_key=True, comment="CaseRole"),
    Column("state", Text, nullable=False, comment="QueryState, a copy of the body's"),
    Column("opened", Instant, nullable=False, comment="a copy of the body's"),
    Column("updated", Instant, nullable=False, comment="a copy of the body's"),
    Column("body", Text, nullable=False, comment="the case as JSON (ports/case_codec.py)"),
    Index("cases_newest", "role", "opened"),
    Index("cases_updated", "role", "updated"),
)

deadlines = Table(
    "deadlines",
    metadata,
    Column("query", UuidBytes, primary_key=True, comment="query id"),
    Column("role", Text, primary_key=True, comment="CaseRole of the case it belongs to"),
    Column("kind", Text, primary_key=True, comment="DeadlineKind"),
    Column("subject", Text, primary_key=True, comment="what of the case; empty where there is one"),
    Column("owing", Text, nullable=False, comment="participant it waits for"),
    Column("received", Instant, nullable=False, comment="instant of receipt the term counts from"),
    Column("days", Integer, comment="working days; null where the date was given"),
    Column("due", Instant, nullable=False, comment="the first instant that is too late"),
    Column("provisional", Boolean, nullable=False, comment="whether it rests on an estimate"),
    Column("warn_from", Instant, nullable=False, comment="from when on it is warned of"),
    Column("warned", Instant, comment="when it was; null: not yet"),
    Column("breached", Instant, comment="when its passing was dealt with; null: not yet"),
)
# The timers look all the time; of many deadlines they see only what nobody has dealt with.
Index(
    "deadlines_warn",
    deadlines.c.warn_from,
    sqlite_where=deadlines.c.warned.is_(None),
    postgresql_where=deadlines.c.warned.is_(None),
)
Index(
    "deadlines_due",
    deadlines.c.due,
    sqlite_where=deadlines.c.breached.is_(None),
    postgresql_where=deadlines.c.breached.is_(None),
)

messages = Table(
    "messages",
    metadata,
    _number("order of keeping"),
    Column("digest", LargeBinary, nullable=False, comment="message digest"),
    Column("query", UuidBytes, nullable=False, comment="query id"),
    Column("kind", Text, nullable=False, comment="message kind"),
    Column("source", Text, nullable=False, comment="participant id of the origin"),
    Column("message_id", UuidBytes, nullable=False, comment="the message id it gave"),
    Column("part", Integer, comment="roster part, from 1; null where the kind has none"),
    Column("envelope", LargeBinary, nullable=False, comment="sealed bytes, as sent or received"),
    Column("secret", LargeBinary, comment="content secret under the store key; null: not ours"),
    Column("sent", Boolean, nullable=False, comment="true: our own, false: received"),
    Column("at", Instant, nullable=False, comment="when it was kept"),
    UniqueConstraint("digest", name="messages_digest"),
    Index("messages_query", "query", "number"),
    sqlite_autoincrement=True,
)

outbox = Table(
    "outbox",
    metadata,
    _number("order of enqueueing; never given twice"),
    Column("topic", Text, nullable=False, comment="topic to publish to"),
    Column("key", LargeBinary, nullable=False, comment="record key: the conversation id"),
    Column("value", LargeBinary, nullable=False, comment="sealed bytes"),
    Column("headers", Headers, nullable=False, comment="record headers"),
    Column("created", Instant, nullable=False, comment="when it was enqueued"),
    Column("sent", Instant, comment="when the broker had it; null: still to publish"),
    sqlite_autoincrement=True,
)
# The relay looks for what is unsent all the time; of a long history it sees only that.
Index(
    "outbox_unsent",
    outbox.c.number,
    sqlite_where=outbox.c.sent.is_(None),
    postgresql_where=outbox.c.sent.is_(None),
)

audit = Table(
    "audit",
    metadata,
    Column(
        "number",
        RowNumber,
        primary_key=True,
        autoincrement=False,
        comment="from 1 without gaps; being the key, it keeps two writers from forking the chain",
    ),
    Column("at", Instant, nullable=False, comment="when it happened"),
    Column("event", Text, nullable=False, comment="name of the event"),
    Column("actor", Text, nullable=False, comment="participant id or operator:<name>"),
    Column("query", UuidBytes, comment="query id; null: about no query"),
    Column("detail", Text, nullable=False, comment="canonical JSON object (ports/audit_chain.py)"),
    Column("prev", LargeBinary, nullable=False, comment="hash of the entry before"),
    Column("hash", LargeBinary, nullable=False, comment="SHA-256 of prev and this entry"),
    Index("audit_query", "query", "number"),
)

offsets = Table(
    "offsets",
    metadata,
    Column("topic", Text, primary_key=True, comment="topic that is read"),
    Column("partition", Integer, primary_key=True, autoincrement=False, comment="from 0"),
    Column("next_offset", BigInteger, nullable=False, comment="the next offset to read"),
)

held = Table(
    "held",
    metadata,
    _number("order of parking; never given twice"),
    Column("topic", Text, nullable=False, comment="topic it came from"),
    Column("key", LargeBinary, comment="record key as it came"),
    Column("value", LargeBinary, nullable=False, comment="record value as it came"),
    Column("headers", Headers, nullable=False, comment="record headers as they came"),
    Column("code", Text, nullable=False, comment="what it waits for"),
    Column("query", UuidBytes, comment="query id where it is known"),
    Column("since", Instant, nullable=False, comment="when it was parked"),
    Column("until", Instant, nullable=False, comment="when the wait is over"),
    sqlite_autoincrement=True,
)

quarantined = Table(
    "quarantined",
    metadata,
    _number("order of refusal; never given twice"),
    Column("topic", Text, nullable=False, comment="topic it came from"),
    Column("partition", Integer, nullable=False, comment="partition it came from"),
    Column("offset", BigInteger, nullable=False, comment="offset it came from"),
    Column("key", LargeBinary, comment="record key as it came"),
    Column("value", LargeBinary, comment="record value as it came; null: a tombstone"),
    Column("headers", Headers, nullable=False, comment="record headers as they came"),
    Column("code", Text, nullable=False, comment="why it was refused"),
    Column("detail", Text, nullable=False, comment="the place at fault; no personal data"),
    Column("at", Instant, nullable=False, comment="when it was refused"),
    Column("replayed", Instant, comment="when it was last tried again; null: never"),
    sqlite_autoincrement=True,
)

directory = Table(
    "directory",
    metadata,
    Column("key", Text, primary_key=True, comment="record key on the directory topic"),
    Column("record", LargeBinary, nullable=False, comment="the newest signed record"),
)

year_tables = Table(
    "year_tables",
    metadata,
    Column("year", Integer, primary_key=True, autoincrement=False, comment="calendar year"),
    Column("body", Text, nullable=False, comment="the imported table, JSON text"),
)

leases = Table(
    "leases",
    metadata,
    Column("name", Text, primary_key=True, comment="what only one instance does at a time"),
    Column("holder", Text, nullable=False, comment="participant id and instance"),
    Column("until", Instant, nullable=False, comment="when another may take it"),
)

admissions = Table(
    "admissions",
    metadata,
    Column("participant", Text, primary_key=True, comment="participant id"),
    Column("state", Text, nullable=False, comment="AdmissionState, a copy of the body's"),
    Column("steps", Integer, nullable=False, comment="entries of its record; rises with each"),
    Column("body", Text, nullable=False, comment="as JSON (ports/admission_codec.py)"),
)

filings = Table(
    "filings",
    metadata,
    Column("digest", LargeBinary, primary_key=True, comment="SHA-256 of the application file"),
    Column("participant", Text, nullable=False, comment="who applies"),
    Column("at", Instant, nullable=False, comment="when it was filed"),
    Column("sealed", LargeBinary, nullable=False, comment="the file under the store key"),
)

reports = Table(
    "reports",
    metadata,
    Column("participant", Text, primary_key=True, comment="who was tested or inspected"),
    Column("made", Instant, nullable=False, comment="when it was made"),
    Column("expires", Instant, nullable=False, comment="until when it counts"),
    Column("passed", Boolean, nullable=False, comment="whether everything passed"),
    Column("report", LargeBinary, nullable=False, comment="the signed report"),
)

renewals = Table(
    "renewals",
    metadata,
    Column("participant", Text, primary_key=True, comment="who asks for its next generation"),
    Column("generation", Integer, nullable=False, comment="the generation asked for"),
    Column("at", Instant, nullable=False, comment="when it was asked for"),
    Column("request", LargeBinary, nullable=False, comment="certificate requests, as they came"),
)

revocations = Table(
    "revocations",
    metadata,
    Column("participant", Text, primary_key=True, comment="participant id"),
    Column("generation", Integer, primary_key=True, autoincrement=False, comment="of its keys"),
    Column("at", Instant, nullable=False, comment="from when nothing made with them is accepted"),
    Column("by", Text, nullable=False, comment="the operator"),
    Column("reason", Text, nullable=False, comment="why; no personal data"),
)

probe_runs = Table(
    "probe_runs",
    metadata,
    Column("id", UuidBytes, primary_key=True, comment="the conversation of the run"),
    Column("state", Text, nullable=False, comment="RunState, a copy of the body's"),
    Column("opened", Instant, nullable=False, comment="a copy of the body's"),
    Column("body", Text, nullable=False, comment="the run as JSON (ports/run_codec.py)"),
    Index("probe_runs_opened", "opened"),
)

evidence_files = Table(
    "evidence_files",
    metadata,
    Column("id", UuidBytes, primary_key=True, comment="id of the file"),
    Column("state", Text, nullable=False, comment="FileState"),
    Column("batch", UuidBytes, comment="handed in for one application; null: not so"),
    Column("at", Instant, nullable=False, comment="when it was begun"),
    Column("sealed", LargeBinary, nullable=False, comment="FileContent under the store key"),
    Index("evidence_files_batch", "batch"),
    Index("evidence_files_state", "state", "id"),
)

evidence_chunks = Table(
    "evidence_chunks",
    metadata,
    Column("file", UuidBytes, primary_key=True, comment="id of the file"),
    Column("number", Integer, primary_key=True, autoincrement=False, comment="from 1"),
    Column("sealed", LargeBinary, nullable=False, comment="the chunk under the store key"),
)

evidence_documents = Table(
    "evidence_documents",
    metadata,
    Column("id", UuidBytes, primary_key=True, comment="id of the entry"),
    Column("query", UuidBytes, nullable=False, comment="query id"),
    Column("person", Integer, nullable=False, comment="number of the person in the query"),
    Column("kind", Text, nullable=False, comment="kind of document, by code"),
    Column("file", UuidBytes, nullable=False, comment="id of the file"),
    Column("at", Instant, nullable=False, comment="when it was archived"),
    Column("call", UuidBytes, comment="the call it came under; null: archived here"),
    Column("matches", Boolean, comment="is the file registered; null: cannot be told"),
    Index("evidence_documents_index", "query", "person", "kind", "id"),
    Index("evidence_documents_file", "file"),
)

evidence_calls = Table(
    "evidence_calls",
    metadata,
    Column("id", UuidBytes, primary_key=True, comment="id of the call"),
    Column("query", UuidBytes, nullable=False, comment="query id"),
    Column("closed", Instant, comment="when everything was accepted; a copy"),
    Column("body", Text, nullable=False, comment="as JSON (ports/evidence_codec.py)"),
    Index("evidence_calls_query", "query", "id"),
    Index("evidence_calls_closed", "closed", "id"),
)

evidence_transfers = Table(
    "evidence_transfers",
    metadata,
    Column("manifest", LargeBinary, primary_key=True, comment="message digest of it"),
    Column("call", UuidBytes, nullable=False, comment="id of the call"),
    Column("outgoing", Boolean, nullable=False, comment="true: sent by us"),
    Column("state", Text, nullable=False, comment="TransferState, a copy of the body's"),
    Column("at", Instant, nullable=False, comment="a copy of the body's"),
    Column("body", Text, nullable=False, comment="as JSON (ports/evidence_codec.py)"),
    Index("evidence_transfers_call", "call", "at"),
    Index("evidence_transfers_state", "outgoing", "state", "at"),
)

operators = Table(
    "operators",
    metadata,
    Column("name", Text, primary_key=True, comment="as the audit chain names it"),
    Column("roles", Text, nullable=False, comment="OperatorRole, separated by blanks"),
    Column("unit", Text, nullable=False, comment="entrusting unit; empty: the centre's own staff"),
    Column("enabled", Boolean, nullable=False, comment="false: may do nothing any more"),
    Column("made", Instant, nullable=False, comment="when it was registered"),
    Column("made_by", Text, nullable=False, comment="by whom"),
)

tokens = Table(
    "tokens",
    metadata,
    Column("id", Text, primary_key=True, comment="the part before the dot, no secret"),
    Column("operator", Text, nullable=False, comment="whose it is"),
    Column("mac", LargeBinary, nullable=False, comment="HMAC of the secret under the store key"),
    Column("made", Instant, nullable=False, comment="when it was made"),
    Column("expires", Instant, nullable=False, comment="from when it serves no more"),
    Column("revoked", Instant, comment="when it was taken back; null: it was not"),
    Column("used", Instant, comment="when it last served, to the hour; null: never"),
)

persons = Table(
    "persons",
    metadata,
    Column("person", LargeBinary, primary_key=True, comment="HMAC under the store key"),
    Column("query", UuidBytes, primary_key=True, comment="query id"),
    Column("reference", Integer, primary_key=True, autoincrement=False, comment="from 1"),
)

catalogues = Table(
    "catalogues",
    metadata,
    Column("version", BigInteger, primary_key=True, autoincrement=False, comment="its number"),
    Column("since", Instant, nullable=False, comment="since when it stood"),
    Column(
        "body", Text, nullable=False, comment="the catalogue as JSON (ports/catalogue_codec.py)"
    ),
)

catalogue_reports = Table(
    "catalogue_reports",
    metadata,
    Column("reporter", Text, primary_key=True, comment="participant id of the province"),
    Column("number", Integer, primary_key=True, autoincrement=False, comment="it gave it"),
    Column("at", Instant, nullable=False, comment="when it was sent or filed"),
    Column("state", Text, nullable=False, comment="ReportState, a copy of the body's"),
    Column("message", LargeBinary, nullable=False, comment="digest of its message"),
    Column("body", Text, nullable=False, comment="the report as JSON (ports/catalogue_codec.py)"),
    Index("catalogue_reports_message", "message"),
)

uploads = Table(
    "uploads",
    metadata,
    Column("id", UuidBytes, primary_key=True, comment="id of the version"),
    Column("resource", Text, nullable=False, comment="name of the resource"),
    Column("state", Text, nullable=False, comment="UploadState"),
    Column("period", Text, nullable=False, comment="reporting period, e.g. 2026-10, 2026-Q3"),
    Column("as_of", Text, nullable=False, comment="day its data is true as of, YYYY-MM-DD"),
    Column("received", Instant, nullable=False, comment="when it was loaded"),
    Column("digest", LargeBinary, nullable=False, comment="SHA-256 of the file"),
    Column("schema", LargeBinary, nullable=False, comment="SHA-256 of its records' schema"),
    Column("rows", Integer, nullable=False, comment="rows loaded"),
    Column("refused", Integer, nullable=False, comment="rows refused"),
    Column("operator", Text, nullable=False, comment="who loaded it"),
    Column("leader", Text, nullable=False, comment="responsible leader; empty: not given"),
    Column("handler", Text, nullable=False, comment="handler at the department; empty: not given"),
    Column("ended", Instant, comment="when it was superseded or withdrawn"),
    Column("reason", Text, nullable=False, comment="why it was withdrawn; no personal data"),
    Column("destroyed", Instant, comment="when its rows were destroyed"),
    Index("uploads_resource", "resource", "state"),
)

upload_rows = Table(
    "upload_rows",
    metadata,
    Column("version", UuidBytes, primary_key=True, comment="id of the version"),
    Column("ordinal", Integer, primary_key=True, autoincrement=False, comment="from 1"),
    Column("person", LargeBinary, nullable=False, comment="HMAC under the store key"),
    Column("sealed", LargeBinary, comment="the record under the version's key; null: refused"),
    Index("upload_rows_person", "version", "person"),
)

upload_duties = Table(
    "upload_duties",
    metadata,
    Column("resource", Text, primary_key=True, comment="name of the resource"),
    Column("since", Instant, nullable=False, comment="since when it is to be uploaded"),
    Column("late", Text, nullable=False, comment="last period noted as late; empty: none"),
)

handed_out = Table(
    "handed_out",
    metadata,
    Column("order", LargeBinary, primary_key=True, comment="chain digest of the order"),
    Column("part", Integer, primary_key=True, autoincrement=False, comment="of the roster"),
    Column("line", Integer, primary_key=True, autoincrement=False, comment="of the request"),
    Column("query", UuidBytes, nullable=False, comment="query id"),
    Column("resource", Text, nullable=False, comment="its name in the catalogue"),
    Column("list_id", UuidBytes, nullable=False, comment="id of the workbook or package"),
    Column("persons", Integer, nullable=False, comment="how many are on it"),
    Column("at", Instant, nullable=False, comment="when it went out"),
    Column("operator", Text, nullable=False, comment="who handed it out"),
    Column("due", Instant, nullable=False, comment="end of the term"),
    Column("agency", Text, comment="fingerprint of the keys it is sealed to; null: a workbook"),
    Index("handed_out_query", "query"),
)

returned_answers = Table(
    "returned_answers",
    metadata,
    Column("order", LargeBinary, primary_key=True, comment="chain digest of the order"),
    Column("part", Integer, primary_key=True, autoincrement=False, comment="of the roster"),
    Column("line", Integer, primary_key=True, autoincrement=False, comment="of the request"),
    Column("query", UuidBytes, nullable=False, comment="query id"),
    Column("resource", Text, nullable=False, comment="its name in the catalogue"),
    Column("sealed", LargeBinary, nullable=False, comment="outcomes under the store key"),
    Column("as_of", Instant, nullable=False, comment="as of when the data are true"),
    Column("received", Instant, nullable=False, comment="when it was taken back"),
    Column("operator", Text, nullable=False, comment="who took it back"),
    Column("file", LargeBinary, nullable=False, comment="SHA-256 of what was taken back"),
    Index("returned_answers_query", "query"),
)
