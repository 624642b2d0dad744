"""Operators with their tokens, and persons by their token under the store key."""

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

revision = "0007"
down_revision = "0006"

TAKEN_BACK = (
    "删除表 operators、tokens、persons：操作员及其令牌须重新登记，按人查找审计记录不再可能",
    "operators, tokens and persons go: operators are registered anew, nobody is found by number",
)


def upgrade() -> None:
    """Add the tables."""
    op.create_table(
        "operators",
        Column("name", Text(), nullable=False, comment="as the audit chain names it"),
        Column("roles", Text(), nullable=False, comment="OperatorRole, separated by blanks"),
        Column(
            "unit", Text(), nullable=False, comment="entrusting unit; empty: the centre's own staff"
        ),
        Column("enabled", Boolean(), nullable=False, comment="false: may do nothing any more"),
        Column("made", BigInteger(), nullable=False, comment="when it was registered"),
        Column("made_by", Text(), nullable=False, comment="by whom"),
        PrimaryKeyConstraint("name"),
    )
    op.create_table(
        "tokens",
        Column("id", Text(), nullable=False, comment="the part before the dot, no secret"),
        Column("operator", Text(), nullable=False, comment="whose it is"),
        Column(
            "mac", LargeBinary(), nullable=False, comment="HMAC of the secret under the store key"
        ),
        Column("made", BigInteger(), nullable=False, comment="when it was made"),
        Column("expires", BigInteger(), nullable=False, comment="from when it serves no more"),
        Column("revoked", BigInteger(), comment="when it was taken back; null: it was not"),
        Column("used", BigInteger(), comment="when it last served, to the hour; null: never"),
        PrimaryKeyConstraint("id"),
    )
    op.create_table(
        "persons",
        Column("person", LargeBinary(), nullable=False, comment="HMAC under the store key"),
        Column("query", LargeBinary(16), nullable=False, comment="query id"),
        Column("reference", Integer(), nullable=False, autoincrement=False, comment="from 1"),
        PrimaryKeyConstraint("person", "query", "reference"),
    )


def downgrade() -> None:
    """Take the tables away."""
    for table in ("persons", "tokens", "operators"):
        op.drop_table(table)
