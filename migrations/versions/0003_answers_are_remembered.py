"""Answers to requests that came with a key are remembered.

Revision 0003, after 0002, 2026-11-25.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "remembered_answers",
        sa.Column("id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("account_id", sa.BigInteger(), nullable=False),
        sa.Column("request_key", sa.Text(), nullable=False),
        sa.Column("fingerprint", sa.BigInteger(), nullable=False),
        sa.Column("answer", sa.Text(), nullable=False),
        sa.Column("answered_at", sa.Double(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_remembered_answers")),
        sa.UniqueConstraint(
            "account_id", "request_key", name=op.f("uq_remembered_answers_account_id_request_key")
        ),
    )
    op.create_table(
        "answered_requests",
        sa.Column("account_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("request_key", sa.String(length=128), nullable=False),
        sa.Column("fingerprint", sa.BigInteger(), nullable=False),
        sa.Column("token_id", sa.String(length=32), nullable=True),
        sa.Column("answered_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("account_id", "request_key", name=op.f("pk_answered_requests")),
    )
    with op.batch_alter_table("answered_requests") as batch_op:
        batch_op.create_index(batch_op.f("ix_answered_requests_answered_at"), ["answered_at"])
    with op.batch_alter_table("world_clock") as batch_op:
        # A world that is there has remembered none.
        batch_op.add_column(
            sa.Column(
                "next_remembered_answer_id", sa.BigInteger(), server_default="1", nullable=False
            )
        )


def downgrade() -> None:
    with op.batch_alter_table("world_clock") as batch_op:
        batch_op.drop_column("next_remembered_answer_id")
    with op.batch_alter_table("answered_requests") as batch_op:
        batch_op.drop_index(batch_op.f("ix_answered_requests_answered_at"))
    op.drop_table("answered_requests")
    op.drop_table("remembered_answers")
