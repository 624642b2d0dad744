"""Periodic uploads: their versions, sealed rows, and what is owed."""

from __future__ import annotations

from alembic import op
from sqlalchemy import BigInteger, Column, Integer, LargeBinary, PrimaryKeyConstraint, Text

revision = "0010"
down_revision = "0009"

TAKEN_BACK = (
    "删除表 uploads、upload_rows、upload_duties：各部门上传的数据及其版本记录，须重新上传",
    "the tables uploads, upload_rows and upload_duties go: departments have to upload again",
)


def upgrade() -> None:
    """Add versions, rows and duties."""
    op.create_table(
        "uploads",
        Column("id", LargeBinary(16), nullable=False, comment="id of the version"),
        Column("resource", Text(), nullable=False, comment="name of the resource"),
        Column("state", Text(), nullable=False, comment="UploadState"),
        Column("period", Text(), nullable=False, comment="reporting period, e.g. 2026-10, 2026-Q3"),
        Column("as_of", Text(), nullable=False, comment="day its data is true as of, YYYY-MM-DD"),
        Column("received", BigInteger(), nullable=False, comment="when it was loaded"),
        Column("digest", LargeBinary(), nullable=False, comment="SHA-256 of the file"),
        Column("schema", LargeBinary(), nullable=False, comment="SHA-256 of its records' schema"),
        Column("rows", Integer(), nullable=False, comment="rows loaded"),
        Column("refused", Integer(), nullable=False, comment="rows refused"),
        Column("operator", Text(), nullable=False, comment="who loaded it"),
        Column("leader", Text(), nullable=False, comment="responsible leader; empty: not given"),
        Column(
            "handler",
            Text(),
            nullable=False,
            comment="handler at the department; empty: not given",
        ),
        Column("ended", BigInteger(), comment="when it was superseded or withdrawn"),
        Column("reason", Text(), nullable=False, comment="why it was withdrawn; no personal data"),
        Column("destroyed", BigInteger(), comment="when its rows were destroyed"),
        PrimaryKeyConstraint("id"),
    )
    op.create_index("uploads_resource", "uploads", ["resource", "state"])
    op.create_table(
        "upload_rows",
        Column("version", LargeBinary(16), nullable=False, comment="id of the version"),
        Column("ordinal", Integer(), autoincrement=False, nullable=False, comment="from 1"),
        Column("person", LargeBinary(), nullable=False, comment="HMAC under the store key"),
        Column(
            "sealed",
            LargeBinary(),
            comment="the record under the version's key; null: refused",
        ),
        PrimaryKeyConstraint("version", "ordinal"),
    )
    op.create_index("upload_rows_person", "upload_rows", ["version", "person"])
    op.create_table(
        "upload_duties",
        Column("resource", Text(), nullable=False, comment="name of the resource"),
        Column("since", BigInteger(), nullable=False, comment="since when it is to be uploaded"),
        Column("late", Text(), nullable=False, comment="last period noted as late; empty: none"),
        PrimaryKeyConstraint("resource"),
    )


def downgrade() -> None:
    """Take versions, rows and duties away."""
    op.drop_table("upload_duties")
    op.drop_table("upload_rows")
    op.drop_table("uploads")
