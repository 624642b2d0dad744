"""The hub's books of admission: admissions, application files, reports, revocations."""

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

revision = "0003"
down_revision = "0002"

TAKEN_BACK = (
    (
        "删除入网备案、申请文件、检测报告、换证请求与吊销记录：请先用 hedui hub admission export"
        " 导出；此后目录只含 participants.toml 中的参与方，已吊销的密钥不再标明吊销"
    ),
    (
        "admissions, application files, reports, renewals and revocations go: export them first"
        " with `hedui hub admission export`; afterwards the directory lists the file's participants"
        " only, and no key as revoked"
    ),
)


def upgrade() -> None:
    """Add the books of admission."""
    op.create_table(
        "admissions",
        Column("participant", Text(), nullable=False, comment="participant id"),
        Column("state", Text(), nullable=False, comment="AdmissionState, a copy of the body's"),
        Column(
            "steps", Integer(), nullable=False, comment="entries of its record; rises with each"
        ),
        Column("body", Text(), nullable=False, comment="as JSON (ports/admission_codec.py)"),
        PrimaryKeyConstraint("participant"),
    )
    op.create_table(
        "filings",
        Column("digest", LargeBinary(), nullable=False, comment="SHA-256 of the application file"),
        Column("participant", Text(), nullable=False, comment="who applies"),
        Column("at", BigInteger(), nullable=False, comment="when it was filed"),
        Column("sealed", LargeBinary(), nullable=False, comment="the file under the store key"),
        PrimaryKeyConstraint("digest"),
    )
    op.create_table(
        "reports",
        Column("participant", Text(), nullable=False, comment="who was tested or inspected"),
        Column("made", BigInteger(), nullable=False, comment="when it was made"),
        Column("expires", BigInteger(), nullable=False, comment="until when it counts"),
        Column("passed", Boolean(), nullable=False, comment="whether everything passed"),
        Column("report", LargeBinary(), nullable=False, comment="the signed report"),
        PrimaryKeyConstraint("participant"),
    )
    op.create_table(
        "renewals",
        Column("participant", Text(), nullable=False, comment="who asks for its next generation"),
        Column("generation", Integer(), nullable=False, comment="the generation asked for"),
        Column("at", BigInteger(), nullable=False, comment="when it was asked for"),
        Column(
            "request", LargeBinary(), nullable=False, comment="certificate requests, as they came"
        ),
        PrimaryKeyConstraint("participant"),
    )
    op.create_table(
        "revocations",
        Column("participant", Text(), nullable=False, comment="participant id"),
        Column("generation", Integer(), nullable=False, comment="of its keys"),
        Column(
            "at",
            BigInteger(),
            nullable=False,
            comment="from when nothing made with them is accepted",
        ),
        Column("by", Text(), nullable=False, comment="the operator"),
        Column("reason", Text(), nullable=False, comment="why; no personal data"),
        PrimaryKeyConstraint("participant", "generation"),
    )


def downgrade() -> None:
    """Take the books of admission away."""
    for table in ("revocations", "renewals", "reports", "filings", "admissions"):
        op.drop_table(table)
