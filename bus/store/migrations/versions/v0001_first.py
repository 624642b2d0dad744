"""The tables of the first version."""

from __future__ import annotations

from alembic import op
from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    Integer,
    LargeBinary,
    PrimaryKeyConstraint,
    Text,
    UniqueConstraint,
    text,
)

revision = "0001"
down_revision = None

ROW_NUMBER = BigInteger().with_variant(Integer(), "sqlite")


def upgrade() -> None:
    """Make the tables."""
    _path_of_queries()
    _records_on_their_way()
    _books()


def _path_of_queries() -> None:
    """Cases, messages and what was seen."""
    op.create_table(
        "cases",
        Column("query", LargeBinary(16), nullable=False, comment="query id"),
        Column("role", Text(), nullable=False, comment="CaseRole"),
        Column("state", Text(), nullable=False, comment="QueryState, a copy of the body's"),
        Column("opened", BigInteger(), nullable=False, comment="a copy of the body's"),
        Column("updated", BigInteger(), nullable=False, comment="a copy of the body's"),
        Column("body", Text(), nullable=False, comment="the case as JSON (ports/case_codec.py)"),
        PrimaryKeyConstraint("query", "role"),
    )
    op.create_index("cases_newest", "cases", ["role", "opened"], unique=False)
    op.create_table(
        "messages",
        Column(
            "number", ROW_NUMBER, autoincrement=True, nullable=False, comment="order of keeping"
        ),
        Column("digest", LargeBinary(), nullable=False, comment="message digest"),
        Column("query", LargeBinary(16), nullable=False, comment="query id"),
        Column("kind", Text(), nullable=False, comment="message kind"),
        Column("source", Text(), nullable=False, comment="participant id of the origin"),
        Column("message_id", LargeBinary(16), nullable=False, comment="the message id it gave"),
        Column(
            "part",
            Integer(),
            nullable=True,
            comment="roster part, from 1; null where the kind has none",
        ),
        Column(
            "envelope", LargeBinary(), nullable=False, comment="sealed bytes, as sent or received"
        ),
        Column(
            "secret",
            LargeBinary(),
            nullable=True,
            comment="content secret under the store key; null: not ours",
        ),
        Column("sent", Boolean(), nullable=False, comment="true: our own, false: received"),
        Column("at", BigInteger(), nullable=False, comment="when it was kept"),
        PrimaryKeyConstraint("number"),
        UniqueConstraint("digest", name="messages_digest"),
        sqlite_autoincrement=True,
    )
    op.create_index("messages_query", "messages", ["query", "number"], unique=False)
    op.create_table(
        "seen",
        Column("source", Text(), nullable=False, comment="participant id of the origin"),
        Column("message_id", LargeBinary(16), nullable=False, comment="the message id it gave"),
        Column(
            "digest", LargeBinary(), nullable=False, comment="message digest it was verified with"
        ),
        Column(
            "at", BigInteger(), nullable=False, comment="when it was taken in; bounds the window"
        ),
        PrimaryKeyConstraint("source", "message_id"),
    )


def _records_on_their_way() -> None:
    """Outbox, offsets, parked and refused records."""
    op.create_table(
        "held",
        Column(
            "number",
            ROW_NUMBER,
            autoincrement=True,
            nullable=False,
            comment="order of parking; never given twice",
        ),
        Column("topic", Text(), nullable=False, comment="topic it came from"),
        Column("key", LargeBinary(), nullable=True, comment="record key as it came"),
        Column("value", LargeBinary(), nullable=False, comment="record value as it came"),
        Column("headers", Text(), nullable=False, comment="record headers as they came"),
        Column("code", Text(), nullable=False, comment="what it waits for"),
        Column("query", LargeBinary(16), nullable=True, comment="query id where it is known"),
        Column("since", BigInteger(), nullable=False, comment="when it was parked"),
        Column("until", BigInteger(), nullable=False, comment="when the wait is over"),
        PrimaryKeyConstraint("number"),
        sqlite_autoincrement=True,
    )
    op.create_table(
        "offsets",
        Column("topic", Text(), nullable=False, comment="topic that is read"),
        Column("partition", Integer(), autoincrement=False, nullable=False, comment="from 0"),
        Column("next_offset", BigInteger(), nullable=False, comment="the next offset to read"),
        PrimaryKeyConstraint("topic", "partition"),
    )
    op.create_table(
        "outbox",
        Column(
            "number",
            ROW_NUMBER,
            autoincrement=True,
            nullable=False,
            comment="order of enqueueing; never given twice",
        ),
        Column("topic", Text(), nullable=False, comment="topic to publish to"),
        Column("key", LargeBinary(), nullable=False, comment="record key: the conversation id"),
        Column("value", LargeBinary(), nullable=False, comment="sealed bytes"),
        Column("headers", Text(), nullable=False, comment="record headers"),
        Column("created", BigInteger(), nullable=False, comment="when it was enqueued"),
        Column(
            "sent",
            BigInteger(),
            nullable=True,
            comment="when the broker had it; null: still to publish",
        ),
        PrimaryKeyConstraint("number"),
        sqlite_autoincrement=True,
    )
    op.create_index(
        "outbox_unsent",
        "outbox",
        ["number"],
        unique=False,
        sqlite_where=text("sent IS NULL"),
        postgresql_where=text("sent IS NULL"),
    )
    op.create_table(
        "quarantined",
        Column(
            "number",
            ROW_NUMBER,
            autoincrement=True,
            nullable=False,
            comment="order of refusal; never given twice",
        ),
        Column("topic", Text(), nullable=False, comment="topic it came from"),
        Column("partition", Integer(), nullable=False, comment="partition it came from"),
        Column("offset", BigInteger(), nullable=False, comment="offset it came from"),
        Column("key", LargeBinary(), nullable=True, comment="record key as it came"),
        Column(
            "value",
            LargeBinary(),
            nullable=True,
            comment="record value as it came; null: a tombstone",
        ),
        Column("headers", Text(), nullable=False, comment="record headers as they came"),
        Column("code", Text(), nullable=False, comment="why it was refused"),
        Column("detail", Text(), nullable=False, comment="the place at fault; no personal data"),
        Column("at", BigInteger(), nullable=False, comment="when it was refused"),
        Column(
            "replayed",
            BigInteger(),
            nullable=True,
            comment="when it was last tried again; null: never",
        ),
        PrimaryKeyConstraint("number"),
        sqlite_autoincrement=True,
    )


def _books() -> None:
    """Audit chain, directory, year tables, and the number of this version."""
    op.create_table(
        "audit",
        Column(
            "number",
            ROW_NUMBER,
            autoincrement=False,
            nullable=False,
            comment="from 1 without gaps; being the key, it keeps two writers from forking"
            " the chain",
        ),
        Column("at", BigInteger(), nullable=False, comment="when it happened"),
        Column("event", Text(), nullable=False, comment="name of the event"),
        Column("actor", Text(), nullable=False, comment="participant id or operator:<name>"),
        Column("query", LargeBinary(16), nullable=True, comment="query id; null: about no query"),
        Column(
            "detail", Text(), nullable=False, comment="canonical JSON object (ports/audit_chain.py)"
        ),
        Column("prev", LargeBinary(), nullable=False, comment="hash of the entry before"),
        Column("hash", LargeBinary(), nullable=False, comment="SHA-256 of prev and this entry"),
        PrimaryKeyConstraint("number"),
    )
    op.create_table(
        "directory",
        Column("key", Text(), nullable=False, comment="record key on the directory topic"),
        Column("record", LargeBinary(), nullable=False, comment="the newest signed record"),
        PrimaryKeyConstraint("key"),
    )
    op.create_table(
        "schema_version",
        Column(
            "version", Integer(), autoincrement=False, nullable=False, comment="one row: the shape"
        ),
        PrimaryKeyConstraint("version"),
    )
    op.create_table(
        "year_tables",
        Column("year", Integer(), autoincrement=False, nullable=False, comment="calendar year"),
        Column("body", Text(), nullable=False, comment="the imported table, JSON text"),
        PrimaryKeyConstraint("year"),
    )
    op.execute("INSERT INTO schema_version VALUES (1)")
