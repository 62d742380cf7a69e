"""Tests keep a log of commands.

A world that nobody tests has an empty log, and the counter of its numbers stays at the first.

Revision 0004, after 0003, 2026-11-25.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None

COUNTER = "next_logged_command_id"


def upgrade() -> None:
    op.create_table(
        "logged_commands",
        sa.Column("id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("at", sa.Double(), nullable=False),
        sa.Column("command", sa.Text(), nullable=False),
        sa.Column("arguments", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_logged_commands")),
    )
    with op.batch_alter_table("world_clock") as batch_op:
        batch_op.add_column(sa.Column(COUNTER, sa.BigInteger(), nullable=True))
    clock = sa.table("world_clock", sa.column(COUNTER))
    op.get_bind().execute(clock.update().values({COUNTER: 1}))
    with op.batch_alter_table("world_clock") as batch_op:
        batch_op.alter_column(COUNTER, existing_type=sa.BigInteger(), nullable=False)


def downgrade() -> None:
    with op.batch_alter_table("world_clock") as batch_op:
        batch_op.drop_column(COUNTER)
    op.drop_table("logged_commands")
