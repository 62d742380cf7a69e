"""Planets keep a ledger.

What was spent on the levels that stand already is not known here: only the rules know what they
cost, and a revision must mean the same whatever the rules say by the time it is run. So a planet of
an older world begins its ledger with what lies there and with what its active item was paid with,
which is stored and which a cancelling gives back.

Revision 0002, after 0001, 2026-11-25.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

# What there was when this was written: the rules may name others by now.
RESOURCES = ("metal", "crystal", "deuterium")
COLUMNS = tuple(f"{resource}_{what}" for what in ("received", "spent") for resource in RESOURCES)


def upgrade() -> None:
    with op.batch_alter_table("planets") as batch_op:
        for name in COLUMNS:
            batch_op.add_column(sa.Column(name, sa.Double(), nullable=True))
    op.get_bind().execute(begin_ledgers())
    with op.batch_alter_table("planets") as batch_op:
        for name in COLUMNS:
            batch_op.alter_column(name, existing_type=sa.Double(), nullable=False)


def downgrade() -> None:
    with op.batch_alter_table("planets") as batch_op:
        for name in reversed(COLUMNS):
            batch_op.drop_column(name)


def begin_ledgers() -> sa.Update:
    columns = [f"{resource}_{what}" for resource in RESOURCES for what in ("amount", "paid")]
    planets = sa.table("planets", *(sa.column(name) for name in (*columns, *COLUMNS)))
    values = {}
    for resource in RESOURCES:
        amount, paid = planets.c[f"{resource}_amount"], planets.c[f"{resource}_paid"]
        values[f"{resource}_received"] = amount + paid
        values[f"{resource}_spent"] = paid
    return planets.update().values(values)
