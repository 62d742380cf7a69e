"""Players research.

Nobody in an older world has researched anything, all of every planet works, and what could not be
built stands nowhere.

Revision 0006, after 0005, 2026-11-25.
"""

from __future__ import annotations

from collections.abc import Iterator

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None

# What there was when this was written: the rules may name others by now.
RESOURCES = ("metal", "crystal", "deuterium")
BUILDINGS = ("fusion_reactor", "research_lab", "nanite_factory", "missile_silo", "terraformer")
TECHNOLOGIES = (
    *("energy", "laser", "ion", "hyperspace", "plasma", "combustion_drive", "impulse_drive"),
    *("hyperspace_drive", "espionage", "computer", "astrophysics", "research_network"),
    *("graviton", "weapons", "shielding", "armour"),
)
SLIDERS = (
    *("metal_mine", "crystal_mine", "deuterium_synthesizer", "solar_plant", "fusion_reactor"),
    "solar_satellite",
)
PLACES = range(1, 6)
STEPS = 10


def upgrade() -> None:
    for table, columns in (("players", of_players()), ("planets", of_planets())):
        with op.batch_alter_table(table) as batch_op:
            for column in columns:
                batch_op.add_column(column)


def downgrade() -> None:
    for table, columns in (("planets", of_planets()), ("players", of_players())):
        with op.batch_alter_table(table) as batch_op:
            for column in reversed(tuple(columns)):
                batch_op.drop_column(column.name)


def of_players() -> Iterator[sa.Column[object]]:
    for name in TECHNOLOGIES:
        yield number(f"{name}_level")
    for place in PLACES:
        yield sa.Column(f"queued_{place}", sa.Text(), nullable=True)
    for place in PLACES:
        yield sa.Column(f"planet_id_{place}", sa.BigInteger(), server_default="0", nullable=False)
    for name in (*(f"{resource}_paid" for resource in RESOURCES), "started_at"):
        yield sa.Column(name, sa.Double(), server_default="0", nullable=False)
    yield sa.Column("finish_at", sa.Double(), nullable=True)


def of_planets() -> Iterator[sa.Column[object]]:
    for name in BUILDINGS:
        yield number(f"{name}_level")
    for name in TECHNOLOGIES:
        yield number(f"{name}_technology")
    yield sa.Column("lab_busy", sa.Boolean(), server_default=sa.false(), nullable=False)
    for name in SLIDERS:
        yield number(f"{name}_slider", STEPS)
    yield sa.Column("reactor_runs", sa.Boolean(), server_default=sa.true(), nullable=False)
    yield sa.Column("restart_at", sa.Double(), nullable=True)


def number(name: str, value: int = 0) -> sa.Column[object]:
    return sa.Column(name, sa.SmallInteger(), server_default=str(value), nullable=False)
