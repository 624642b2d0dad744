"""Leases, for several instances on one database. The version's number moves to Alembic's table."""

from __future__ import annotations

from alembic import op
from sqlalchemy import BigInteger, Column, Integer, PrimaryKeyConstraint, Text

revision = "0002"
down_revision = "0001"

TAKEN_BACK = (
    "删除表 leases：各实例的分工，重新运行后自动恢复；业务数据不受影响",
    "the table leases goes: which instance does what, taken anew by itself; no other data is lost",
)


def upgrade() -> None:
    """Add the leases."""
    op.create_table(
        "leases",
        Column("name", Text(), nullable=False, comment="what only one instance does at a time"),
        Column("holder", Text(), nullable=False, comment="participant id and instance"),
        Column("until", BigInteger(), nullable=False, comment="when another may take it"),
        PrimaryKeyConstraint("name"),
    )
    op.drop_table("schema_version")


def downgrade() -> None:
    """Take the leases away, and leave the number where the first version looks for it."""
    op.create_table(
        "schema_version",
        Column(
            "version",
            Integer(),
            autoincrement=False,
            nullable=False,
            comment="one row: the shape",
        ),
        PrimaryKeyConstraint("version"),
    )
    op.execute("INSERT INTO schema_version VALUES (1)")
    op.drop_table("leases")
