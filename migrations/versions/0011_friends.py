"""Players have friends.

Nobody had any before.

Revision 0011, after 0010, 2026-11-30.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0011"
down_revision = "0010"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "friendships",
        sa.Column("id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("owner_id", sa.BigInteger(), nullable=False),
        sa.Column("friend_id", sa.BigInteger(), nullable=False),
        sa.Column("accepted_at", sa.Double(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_friendships")),
        sa.UniqueConstraint(
            "owner_id", "friend_id", name=op.f("uq_friendships_owner_id_friend_id")
        ),
    )
    with op.batch_alter_table("world_clock") as batch_op:
        batch_op.add_column(
            sa.Column("next_friendship_id", sa.BigInteger(), server_default="1", nullable=False)
        )


def downgrade() -> None:
    with op.batch_alter_table("world_clock") as batch_op:
        batch_op.drop_column("next_friendship_id")
    op.drop_table("friendships")
