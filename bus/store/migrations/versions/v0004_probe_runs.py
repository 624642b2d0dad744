"""The runs of tests: before admission, and of inspections."""

from __future__ import annotations

from alembic import op
from sqlalchemy import BigInteger, Column, LargeBinary, PrimaryKeyConstraint, Text

revision = "0004"
down_revision = "0003"

TAKEN_BACK = (
    "删除表 probe_runs：检测与巡检的经过与报告；已交给被测方的报告不受影响",
    "the table probe_runs goes: tests and inspections, and the hub's copies of their reports",
)


def upgrade() -> None:
    """Add the runs."""
    op.create_table(
        "probe_runs",
        Column("id", LargeBinary(16), nullable=False, comment="the conversation of the run"),
        Column("state", Text(), nullable=False, comment="RunState, a copy of the body's"),
        Column("opened", BigInteger(), nullable=False, comment="a copy of the body's"),
        Column("body", Text(), nullable=False, comment="the run as JSON (ports/run_codec.py)"),
        PrimaryKeyConstraint("id"),
    )
    op.create_index("probe_runs_opened", "probe_runs", ["opened"])


def downgrade() -> None:
    """Take the runs away."""
    op.drop_table("probe_runs")
