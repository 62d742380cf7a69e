"""Moons circle planets, with buildings that stand nowhere else.

A moon is a row among the planets, at the place of its planet. There were none before, so whatever
was there is a planet and every fleet has set out from one.

Revision 0010, after 0009, 2026-11-30.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None

# What there was when this was written: the rules may name others by now.
MOON_BUILDINGS = ("lunar_base", "sensor_phalanx", "jump_gate")
PLACE = ("galaxy", "system", "position")


def upgrade() -> None:
    with op.batch_alter_table("planets") as batch_op:
        for column in columns():
            batch_op.add_column(column)
        batch_op.drop_constraint(op.f("uq_planets_galaxy_system_position"), type_="unique")
        batch_op.create_unique_constraint(
            op.f("uq_planets_galaxy_system_position_is_moon"), [*PLACE, "is_moon"]
        )
    with op.batch_alter_table("fleets") as batch_op:
        batch_op.add_column(
            sa.Column("origin_type", sa.Text(), server_default="planet", nullable=True)
        )


def downgrade() -> None:
    # Without moons nobody acts on one, and no place is taken twice.
    op.execute(
        "UPDATE players SET active_planet_id = home_id"
        " WHERE active_planet_id IN (SELECT id FROM planets WHERE is_moon)"
    )
    op.execute("DELETE FROM planets WHERE is_moon")
    with op.batch_alter_table("fleets") as batch_op:
        batch_op.drop_column("origin_type")
    with op.batch_alter_table("planets") as batch_op:
        batch_op.drop_constraint(op.f("uq_planets_galaxy_system_position_is_moon"), type_="unique")
        batch_op.create_unique_constraint(op.f("uq_planets_galaxy_system_position"), [*PLACE])
        for column in reversed(columns()):
            batch_op.drop_column(column.name)


def columns() -> list[sa.Column[object]]:
    return [
        sa.Column("is_moon", sa.Boolean(), server_default=sa.false(), nullable=False),
        sa.Column("diameter_km", sa.SmallInteger(), server_default="0", nullable=False),
        sa.Column("gate_ready_at", sa.Double(), server_default="0", nullable=False),
        *(level_of(building) for building in MOON_BUILDINGS),
    ]


def level_of(building: str) -> sa.Column[object]:
    return sa.Column(f"{building}_level", sa.SmallInteger(), server_default="0", nullable=False)
