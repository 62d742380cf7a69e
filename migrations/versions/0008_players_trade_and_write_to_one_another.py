"""Players trade, and get messages.

A world that is there has neither an offer nor a message; nobody has paid a fee, and the settings of
the market are those of a new world of this version.

Revision 0008, after 0007, 2026-11-25.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None

# What there was when this was written: the rules may name others by now.
RESOURCES = ("metal", "crystal", "deuterium")
SETTINGS = {"market_fee_percent": "0", "market_offer_days": "7"}
COUNTERS = ("next_offer_id", "next_message_id")


def upgrade() -> None:
    op.create_table(
        "offers",
        sa.Column("id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("seller_id", sa.BigInteger(), nullable=False),
        sa.Column("planet_id", sa.BigInteger(), nullable=False),
        sa.Column("offered", sa.Text(), nullable=True),
        sa.Column("offered_amount", sa.BigInteger(), nullable=False),
        sa.Column("requested", sa.Text(), nullable=True),
        sa.Column("requested_amount", sa.BigInteger(), nullable=False),
        sa.Column("created_at", sa.Double(), nullable=False),
        sa.Column("state", sa.Text(), nullable=True),
        sa.Column("expires_at", sa.Double(), nullable=True),
        sa.Column("forgotten_at", sa.Double(), nullable=True),
        sa.Column("closed_at", sa.Double(), nullable=False),
        sa.Column("buyer_id", sa.BigInteger(), nullable=False),
        sa.Column("buyer_planet_id", sa.BigInteger(), nullable=False),
        sa.Column("fee", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_offers")),
        sa.CheckConstraint(
            "offered_amount > 0 AND requested_amount > 0",
            name=op.f("ck_offers_amounts_are_positive"),
        ),
    )
    op.create_table(
        "messages",
        sa.Column("id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("owner_id", sa.BigInteger(), nullable=False),
        sa.Column("sender_id", sa.BigInteger(), nullable=False),
        sa.Column("category", sa.Text(), nullable=True),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("sent_at", sa.Double(), nullable=False),
        sa.Column("is_read", sa.Boolean(), nullable=False),
        sa.Column("forgotten_at", sa.Double(), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_messages")),
    )
    with op.batch_alter_table("players") as batch_op:
        for resource in RESOURCES:
            name = f"{resource}_fees_paid"
            batch_op.add_column(sa.Column(name, sa.Double(), server_default="0", nullable=False))
    with op.batch_alter_table("universe") as batch_op:
        for name, default in SETTINGS.items():
            batch_op.add_column(
                sa.Column(name, sa.Double(), server_default=default, nullable=False)
            )
    with op.batch_alter_table("world_clock") as batch_op:
        for name in COUNTERS:
            column = sa.Column(name, sa.BigInteger(), server_default="1", nullable=False)
            batch_op.add_column(column)


def downgrade() -> None:
    with op.batch_alter_table("world_clock") as batch_op:
        for name in reversed(COUNTERS):
            batch_op.drop_column(name)
    with op.batch_alter_table("universe") as batch_op:
        for name in reversed(SETTINGS):
            batch_op.drop_column(name)
    with op.batch_alter_table("players") as batch_op:
        for resource in reversed(RESOURCES):
            batch_op.drop_column(f"{resource}_fees_paid")
    op.drop_table("messages")
    op.drop_table("offers")
