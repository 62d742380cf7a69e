"""Who was removed does not come back: what is left of him says which account was his.

Of those who were removed before nobody knows any more; 0 is nobody's account.

Revision 0016, after 0015, 2026-11-30.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0016"
down_revision = "0015"
branch_labels = None
depends_on = None


def upgrade() -> None:
    with op.batch_alter_table("departed") as batch_op:
        batch_op.add_column(
            sa.Column("account_id", sa.BigInteger(), server_default="0", nullable=False)
        )


def downgrade() -> None:
    with op.batch_alter_table("departed") as batch_op:
        batch_op.drop_column("account_id")
