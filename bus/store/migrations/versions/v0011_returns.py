"""Lists that people fill: handed out, and taken back."""

from __future__ import annotations

from alembic import op
from sqlalchemy import BigInteger, Column, Integer, LargeBinary, PrimaryKeyConstraint, Text

revision = "0011"
down_revision = "0010"

TAKEN_BACK = (
    "删除表 handed_out、returned_answers：发出的清单与尚未发送的回收结果，后者须重新导入",
    "the tables handed_out and returned_answers go: lists that are out, and what came back unsent",
)


def _task() -> list[Column[object]]:
    return [
        Column("order", LargeBinary(), nullable=False, comment="chain digest of the order"),
        Column("part", Integer(), autoincrement=False, nullable=False, comment="of the roster"),
        Column("line", Integer(), autoincrement=False, nullable=False, comment="of the request"),
        Column("query", LargeBinary(16), nullable=False, comment="query id"),
        Column("resource", Text(), nullable=False, comment="its name in the catalogue"),
    ]


def upgrade() -> None:
    """Add the lists."""
    op.create_table(
        "handed_out",
        *_task(),
        Column("list_id", LargeBinary(16), nullable=False, comment="id of the workbook or package"),
        Column("persons", Integer(), nullable=False, comment="how many are on it"),
        Column("at", BigInteger(), nullable=False, comment="when it went out"),
        Column("operator", Text(), nullable=False, comment="who handed it out"),
        Column("due", BigInteger(), nullable=False, comment="end of the term"),
        Column(
            "agency", Text(), comment="fingerprint of the keys it is sealed to; null: a workbook"
        ),
        PrimaryKeyConstraint("order", "part", "line"),
    )
    op.create_index("handed_out_query", "handed_out", ["query"])
    op.create_table(
        "returned_answers",
        *_task(),
        Column("sealed", LargeBinary(), nullable=False, comment="outcomes under the store key"),
        Column("as_of", BigInteger(), nullable=False, comment="as of when the data are true"),
        Column("received", BigInteger(), nullable=False, comment="when it was taken back"),
        Column("operator", Text(), nullable=False, comment="who took it back"),
        Column("file", LargeBinary(), nullable=False, comment="SHA-256 of what was taken back"),
        PrimaryKeyConstraint("order", "part", "line"),
    )
    op.create_index("returned_answers_query", "returned_answers", ["query"])


def downgrade() -> None:
    """Take the lists away."""
    op.drop_table("returned_answers")
    op.drop_table("handed_out")
