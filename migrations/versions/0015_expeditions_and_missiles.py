"""Missiles are aimed at something, and expeditions find what there was not before.

No fleet has been aimed at anything, nobody has found anything, and the settings of expeditions are
those of a new world of this version.

Revision 0015, after 0014, 2026-11-30.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0015"
down_revision = "0014"
branch_labels = None
depends_on = None

# What there was when this was written: the rules may name others by now.
RESOURCES = ("metal", "crystal", "deuterium")
WEIGHTS = {
    "ships": "17",
    "resources": "35",
    "delay": "7.5",
    "early": "2.75",
    "nothing": "25",
    "lost": "0.2",
    "pirates": "3",
    "aliens": "1.5",
}


def upgrade() -> None:
    with op.batch_alter_table("fleets") as batch_op:
        batch_op.add_column(sa.Column("target_unit", sa.Text(), nullable=True))
    with op.batch_alter_table("players") as batch_op:
        for resource in RESOURCES:
            batch_op.add_column(
                sa.Column(
                    f"{resource}_resources_found",
                    sa.BigInteger(),
                    server_default="0",
                    nullable=False,
                )
            )
    with op.batch_alter_table("universe") as batch_op:
        for outcome, weight in WEIGHTS.items():
            batch_op.add_column(
                sa.Column(
                    f"expedition_weight_{outcome}",
                    sa.Double(),
                    server_default=weight,
                    nullable=False,
                )
            )


def downgrade() -> None:
    with op.batch_alter_table("universe") as batch_op:
        for outcome in reversed(WEIGHTS):
            batch_op.drop_column(f"expedition_weight_{outcome}")
    with op.batch_alter_table("players") as batch_op:
        for resource in reversed(RESOURCES):
            batch_op.drop_column(f"{resource}_resources_found")
    with op.batch_alter_table("fleets") as batch_op:
        batch_op.drop_column("target_unit")
