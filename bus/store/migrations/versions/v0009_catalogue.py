"""Versions of the catalogue, and the reports of the provinces."""

from __future__ import annotations

from alembic import op
from sqlalchemy import BigInteger, Column, Integer, LargeBinary, PrimaryKeyConstraint, Text

revision = "0009"
down_revision = "0008"

TAKEN_BACK = (
    "删除表 catalogues、catalogue_reports：资源目录的历史版本，各省的目录上报",
    "the tables catalogues and catalogue_reports go: earlier catalogues, reports of provinces",
)


def upgrade() -> None:
    """Add versions and reports."""
    op.create_table(
        "catalogues",
        Column("version", BigInteger(), autoincrement=False, nullable=False, comment="its number"),
        Column("since", BigInteger(), nullable=False, comment="since when it stood"),
        Column(
            "body",
            Text(),
            nullable=False,
            comment="the catalogue as JSON (ports/catalogue_codec.py)",
        ),
        PrimaryKeyConstraint("version"),
    )
    op.create_table(
        "catalogue_reports",
        Column("reporter", Text(), nullable=False, comment="participant id of the province"),
        Column("number", Integer(), autoincrement=False, nullable=False, comment="it gave it"),
        Column("at", BigInteger(), nullable=False, comment="when it was sent or filed"),
        Column("state", Text(), nullable=False, comment="ReportState, a copy of the body's"),
        Column("message", LargeBinary(), nullable=False, comment="digest of its message"),
        Column(
            "body", Text(), nullable=False, comment="the report as JSON (ports/catalogue_codec.py)"
        ),
        PrimaryKeyConstraint("reporter", "number"),
    )
    op.create_index("catalogue_reports_message", "catalogue_reports", ["message"])


def downgrade() -> None:
    """Take versions and reports away."""
    op.drop_table("catalogue_reports")
    op.drop_table("catalogues")
