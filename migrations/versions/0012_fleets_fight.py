"""Fleets fight: what battles make and destroy is counted, and reports tell of them.

Nobody has fought before, and the settings of war are those of a new world of this version.

Revision 0012, after 0011, 2026-11-30.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0012"
down_revision = "0011"
branch_labels = None
depends_on = None

# What there was when this was written: the rules may name others by now.
RESOURCES = ("metal", "crystal", "deuterium")
COUNTED = ("debris_made", "cargo_lost")


def upgrade() -> None:
    op.create_table(
        "reports",
        sa.Column("id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("owner_id", sa.BigInteger(), nullable=False),
        sa.Column("report_kind", sa.Text(), nullable=True),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("reported_at", sa.Double(), nullable=False),
        sa.Column("forgotten_at", sa.Double(), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_reports")),
    )
    with op.batch_alter_table("players") as batch_op:
        for counted in COUNTED:
            for resource in RESOURCES:
                batch_op.add_column(
                    sa.Column(
                        f"{resource}_{counted}",
                        sa.BigInteger(),
                        server_default="0",
                        nullable=False,
                    )
                )
    with op.batch_alter_table("universe") as batch_op:
        for column in settings():
            batch_op.add_column(column)
    with op.batch_alter_table("world_clock") as batch_op:
        batch_op.add_column(
            sa.Column("next_report_id", sa.BigInteger(), server_default="1", nullable=False)
        )


def downgrade() -> None:
    with op.batch_alter_table("world_clock") as batch_op:
        batch_op.drop_column("next_report_id")
    with op.batch_alter_table("universe") as batch_op:
        for column in reversed(settings()):
            batch_op.drop_column(column.name)
    with op.batch_alter_table("players") as batch_op:
        for counted in reversed(COUNTED):
            for resource in reversed(RESOURCES):
                batch_op.drop_column(f"{resource}_{counted}")
    op.drop_table("reports")


def settings() -> list[sa.Column[object]]:
    return [
        setting("debris_from_ships_percent", sa.Double(), "30"),
        setting("debris_from_defence_percent", sa.Double(), "0"),
        setting("deuterium_in_debris", sa.Boolean(), sa.false()),
        setting("defence_repair_percent", sa.Double(), "70"),
        setting("moon_chance_percent_max", sa.SmallInteger(), "20"),
        setting("loot_share_percent", sa.Double(), "50"),
    ]


def setting(name: str, kind: object, default: object) -> sa.Column[object]:
    return sa.Column(name, kind, server_default=default, nullable=False)  # type: ignore[arg-type]
