"""Evidence: files in sealed chunks, their index, the calls for them, what is on its way."""

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
)

revision = "0006"
down_revision = "0005"

TAKEN_BACK = (
    "删除证明材料的五张表：存档的文件、索引、调阅记录与传送进度全部丢失；请先导出",
    "the five tables of evidence go: archived files, index, calls and transfers; export them first",
)


def upgrade() -> None:
    """Add the tables."""
    op.create_table(
        "evidence_files",
        Column("id", LargeBinary(16), nullable=False, comment="id of the file"),
        Column("state", Text(), nullable=False, comment="FileState"),
        Column("batch", LargeBinary(16), comment="handed in for one application; null: not so"),
        Column("at", BigInteger(), nullable=False, comment="when it was begun"),
        Column("sealed", LargeBinary(), nullable=False, comment="FileContent under the store key"),
        PrimaryKeyConstraint("id"),
    )
    op.create_index("evidence_files_batch", "evidence_files", ["batch"])
    op.create_index("evidence_files_state", "evidence_files", ["state", "id"])
    op.create_table(
        "evidence_chunks",
        Column("file", LargeBinary(16), nullable=False, comment="id of the file"),
        Column("number", Integer(), autoincrement=False, nullable=False, comment="from 1"),
        Column("sealed", LargeBinary(), nullable=False, comment="the chunk under the store key"),
        PrimaryKeyConstraint("file", "number"),
    )
    op.create_table(
        "evidence_documents",
        Column("id", LargeBinary(16), nullable=False, comment="id of the entry"),
        Column("query", LargeBinary(16), nullable=False, comment="query id"),
        Column("person", Integer(), nullable=False, comment="number of the person in the query"),
        Column("kind", Text(), nullable=False, comment="kind of document, by code"),
        Column("file", LargeBinary(16), nullable=False, comment="id of the file"),
        Column("at", BigInteger(), nullable=False, comment="when it was archived"),
        Column("call", LargeBinary(16), comment="the call it came under; null: archived here"),
        Column("matches", Boolean(), comment="is the file registered; null: cannot be told"),
        PrimaryKeyConstraint("id"),
    )
    op.create_index(
        "evidence_documents_index", "evidence_documents", ["query", "person", "kind", "id"]
    )
    op.create_index("evidence_documents_file", "evidence_documents", ["file"])
    op.create_table(
        "evidence_calls",
        Column("id", LargeBinary(16), nullable=False, comment="id of the call"),
        Column("query", LargeBinary(16), nullable=False, comment="query id"),
        Column("closed", BigInteger(), comment="when everything was accepted; a copy"),
        Column("body", Text(), nullable=False, comment="as JSON (ports/evidence_codec.py)"),
        PrimaryKeyConstraint("id"),
    )
    op.create_index("evidence_calls_query", "evidence_calls", ["query", "id"])
    op.create_index("evidence_calls_closed", "evidence_calls", ["closed", "id"])
    op.create_table(
        "evidence_transfers",
        Column("manifest", LargeBinary(), nullable=False, comment="message digest of it"),
        Column("call", LargeBinary(16), nullable=False, comment="id of the call"),
        Column("outgoing", Boolean(), nullable=False, comment="true: sent by us"),
        Column("state", Text(), nullable=False, comment="TransferState, a copy of the body's"),
        Column("at", BigInteger(), nullable=False, comment="a copy of the body's"),
        Column("body", Text(), nullable=False, comment="as JSON (ports/evidence_codec.py)"),
        PrimaryKeyConstraint("manifest"),
    )
    op.create_index("evidence_transfers_call", "evidence_transfers", ["call", "at"])
    op.create_index("evidence_transfers_state", "evidence_transfers", ["outgoing", "state", "at"])


def downgrade() -> None:
    """Take the tables away."""
    for name in ("transfers", "calls", "documents", "chunks", "files"):
        op.drop_table(f"evidence_{name}")
