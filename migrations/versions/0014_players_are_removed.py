"""Players who stay away are removed; what is left of them is what the books need.

Nobody was removed before.

Revision 0014, after 0013, 2026-11-30.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0014"
down_revision = "0013"
branch_labels = None
depends_on = None

# What there was when this was written: the rules may name others by now.
RESOURCES = ("metal", "crystal", "deuterium")


def upgrade() -> None:
    op.create_table(
        "departed",
        sa.Column("id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("left_at", sa.Double(), nullable=False),
        *(sa.Column(f"{name}_moved", sa.Double(), nullable=False) for name in RESOURCES),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_departed")),
    )
    with op.batch_alter_table("world_clock") as batch_op:
        batch_op.add_column(
            sa.Column("next_departed_id", sa.BigInteger(), server_default="1", nullable=False)
        )


def downgrade() -> None:
    with op.batch_alter_table("world_clock") as batch_op:
        batch_op.drop_column("next_departed_id")
    op.drop_table("departed")
