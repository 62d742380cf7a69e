"""Planets build units: ships, defences and missiles.

Nobody had any before, and nothing was ordered.

Revision 0007, after 0006, 2026-11-25.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None

# What there was when this was written: the rules may name others by now.
UNITS = (
    "small_cargo",
    "large_cargo",
    "light_fighter",
    "heavy_fighter",
    "cruiser",
    "battleship",
    "battlecruiser",
    "bomber",
    "destroyer",
    "deathstar",
    "colony_ship",
    "recycler",
    "espionage_probe",
    "solar_satellite",
    "rocket_launcher",
    "light_laser",
    "heavy_laser",
    "gauss_cannon",
    "ion_cannon",
    "plasma_turret",
    "small_shield_dome",
    "large_shield_dome",
    "interceptor_missile",
    "interplanetary_missile",
)


def upgrade() -> None:
    with op.batch_alter_table("planets") as batch_op:
        for column in columns():
            batch_op.add_column(column)


def downgrade() -> None:
    with op.batch_alter_table("planets") as batch_op:
        for column in reversed(columns()):
            batch_op.drop_column(column.name)


def columns() -> list[sa.Column[object]]:
    return [
        *(counting(f"{unit}_count") for unit in UNITS),
        sa.Column("unit_building", sa.Text(), nullable=True),
        counting("units_ordered"),
        counting("units_delivered"),
        sa.Column("units_begun_at", sa.Double(), server_default="0", nullable=False),
        counting("seconds_per_unit"),
        sa.Column("units_due_at", sa.Double(), nullable=True),
        sa.Column("units_waiting", sa.Text(), server_default="", nullable=False),
    ]


def counting(name: str) -> sa.Column[object]:
    return sa.Column(name, sa.BigInteger(), server_default="0", nullable=False)
