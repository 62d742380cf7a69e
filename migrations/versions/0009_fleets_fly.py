"""Fleets fly, and what is left of ships lies in space.

Nothing was under way before.

Revision 0009, after 0008, 2026-11-25.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None

# What there was when this was written: the rules may name others by now.
RESOURCES = ("metal", "crystal", "deuterium")
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
COUNTERS = ("next_fleet_id", "next_debris_id")


def upgrade() -> None:
    op.create_table(
        "fleets",
        sa.Column("id", sa.BigInteger(), autoincrement=False, nullable=False),
        whole("owner_id"),
        sa.Column("mission", sa.Text(), nullable=True),
        *(whole(f"{unit}_ships") for unit in UNITS),
        *(whole(f"{resource}_cargo") for resource in RESOURCES),
        whole("random_seed"),
        whole("origin_id"),
        *(small(f"origin_{part}") for part in ("galaxy", "system", "position")),
        sa.Column("target_type", sa.Text(), nullable=True),
        *(small(f"target_{part}") for part in ("galaxy", "system", "position")),
        whole("target_id"),
        sa.Column("fleet_state", sa.Text(), nullable=True),
        small("speed_tenths"),
        sa.Column("departed_at", sa.Double(), nullable=False),
        sa.Column("arrives_at", sa.Double(), nullable=False),
        whole("hold_s"),
        sa.Column("returns_at", sa.Double(), nullable=False),
        sa.Column("fleet_due_at", sa.Double(), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_fleets")),
    )
    op.create_table(
        "debris",
        sa.Column("id", sa.BigInteger(), autoincrement=False, nullable=False),
        *(small(part) for part in ("galaxy", "system", "position")),
        *(whole(f"{resource}_left") for resource in RESOURCES),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_debris")),
        sa.UniqueConstraint(
            "galaxy", "system", "position", name=op.f("uq_debris_galaxy_system_position")
        ),
    )
    with op.batch_alter_table("world_clock") as batch_op:
        for name in COUNTERS:
            column = sa.Column(name, sa.BigInteger(), server_default="1", nullable=False)
            batch_op.add_column(column)


def downgrade() -> None:
    with op.batch_alter_table("world_clock") as batch_op:
        for name in reversed(COUNTERS):
            batch_op.drop_column(name)
    op.drop_table("debris")
    op.drop_table("fleets")


def whole(name: str) -> sa.Column[object]:
    return sa.Column(name, sa.BigInteger(), nullable=False)


def small(name: str) -> sa.Column[object]:
    return sa.Column(name, sa.SmallInteger(), nullable=False)
