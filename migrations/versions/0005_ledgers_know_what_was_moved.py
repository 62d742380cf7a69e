"""Ledgers know what was moved.

Nothing could be moved from planet to planet before: each begins with nothing.

Revision 0005, after 0004, 2026-11-25.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None

# What there was when this was written: the rules may name others by now.
RESOURCES = ("metal", "crystal", "deuterium")
COLUMNS = tuple(f"{resource}_moved" for resource in RESOURCES)


def upgrade() -> None:
    with op.batch_alter_table("planets") as batch_op:
        for name in COLUMNS:
            batch_op.add_column(sa.Column(name, sa.Double(), server_default="0", nullable=False))


def downgrade() -> None:
    with op.batch_alter_table("planets") as batch_op:
        for name in reversed(COLUMNS):
            batch_op.drop_column(name)
