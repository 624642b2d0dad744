"""The deadlines of what is still to be done; the timers fill them in for cases that are there."""

from __future__ import annotations

from alembic import op
from sqlalchemy import BigInteger, Boolean, Column, Integer, LargeBinary, Text, text
from sqlalchemy import PrimaryKeyConstraint as Key

revision = "0008"
down_revision = "0007"

TAKEN_BACK = (
    "删除表 deadlines：期限由案件重新算出；哪些已提醒、已处理不再可知",
    "the table deadlines goes: they are counted anew from the cases; which were warned of is lost",
)


def upgrade() -> None:
    """Add the deadlines."""
    op.create_table(
        "deadlines",
        Column("query", LargeBinary(16), nullable=False, comment="query id"),
        Column("role", Text(), nullable=False, comment="CaseRole of the case it belongs to"),
        Column("kind", Text(), nullable=False, comment="DeadlineKind"),
        Column(
            "subject",
            Text(),
            nullable=False,
            comment="what of the case; empty where there is one",
        ),
        Column("owing", Text(), nullable=False, comment="participant it waits for"),
        Column(
            "received",
            BigInteger(),
            nullable=False,
            comment="instant of receipt the term counts from",
        ),
        Column("days", Integer(), comment="working days; null where the date was given"),
        Column("due", BigInteger(), nullable=False, comment="the first instant that is too late"),
        Column("provisional", Boolean(), nullable=False, comment="whether it rests on an estimate"),
        Column("warn_from", BigInteger(), nullable=False, comment="from when on it is warned of"),
        Column("warned", BigInteger(), comment="when it was; null: not yet"),
        Column("breached", BigInteger(), comment="when its passing was dealt with; null: not yet"),
        Key("query", "role", "kind", "subject"),
    )
    for name, column, open_ in (
        ("deadlines_warn", "warn_from", "warned IS NULL"),
        ("deadlines_due", "due", "breached IS NULL"),
    ):
        op.create_index(
            name,
            "deadlines",
            [column],
            sqlite_where=text(open_),
            postgresql_where=text(open_),
        )


def downgrade() -> None:
    """Take the deadlines away."""
    op.drop_table("deadlines")
