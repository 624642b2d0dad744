"""Indexes for what is looked for often: cases that changed, what the books say of a query."""

from __future__ import annotations

from alembic import op

revision = "0005"
down_revision = "0004"

TAKEN_BACK = (
    "删除两个索引；数据不受影响，查询变慢",
    "two indexes go; no data is lost, looking things up takes longer",
)


def upgrade() -> None:
    """Add the indexes."""
    op.create_index("cases_updated", "cases", ["role", "updated"])
    op.create_index("audit_query", "audit", ["query", "number"])


def downgrade() -> None:
    """Take the indexes away."""
    op.drop_index("audit_query", "audit")
    op.drop_index("cases_updated", "cases")
