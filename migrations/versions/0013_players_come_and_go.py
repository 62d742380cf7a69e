"""Players are seen, go on vacation and give planets up; the weak are protected.

Whoever plays already was last seen when the world last was; nobody is on vacation, and nothing was
given up. Worlds that exist protect the weak as new ones do.

Revision 0013, after 0012, 2026-11-30.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0013"
down_revision = "0012"
branch_labels = None
depends_on = None

# What there was when this was written: the rules may name others by now.
RESOURCES = ("metal", "crystal", "deuterium")
SUMS = tuple(f"{resource}_{what}" for what in ("spent", "moved") for resource in RESOURCES)
DAYS = {"inactive_after_days": "7", "long_inactive_after_days": "28"}


def upgrade() -> None:
    with op.batch_alter_table("players") as batch_op:
        batch_op.add_column(number("active_at", "0"))
        batch_op.add_column(flag("on_vacation", sa.false()))
        batch_op.add_column(number("vacation_since", "0"))
        for name in SUMS:
            batch_op.add_column(number(name, "0"))
    op.execute(
        "UPDATE players SET active_at = (SELECT world_time FROM world_clock)"
        " WHERE EXISTS (SELECT 1 FROM world_clock)"
    )
    with op.batch_alter_table("planets") as batch_op:
        batch_op.add_column(flag("on_vacation", sa.false()))
    with op.batch_alter_table("universe") as batch_op:
        batch_op.add_column(flag("newbie_protection", sa.true()))
        for name, days in DAYS.items():
            batch_op.add_column(number(name, days))


def downgrade() -> None:
    with op.batch_alter_table("universe") as batch_op:
        for name in ("newbie_protection", *DAYS):
            batch_op.drop_column(name)
    with op.batch_alter_table("planets") as batch_op:
        batch_op.drop_column("on_vacation")
    with op.batch_alter_table("players") as batch_op:
        for name in ("active_at", "on_vacation", "vacation_since", *SUMS):
            batch_op.drop_column(name)


def number(name: str, default: str) -> sa.Column[object]:
    return sa.Column(name, sa.Double(), server_default=sa.text(default), nullable=False)


def flag(name: str, default: sa.ColumnElement[bool]) -> sa.Column[object]:
    return sa.Column(name, sa.Boolean(), server_default=default, nullable=False)
