"""What liaisons could read before a handoff was asked for, and whose words its summary has: both can be taken back."""

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None


# Not as a batch: that makes the table anew on SQLite.
def upgrade() -> None:
    op.add_column("handoffs", sa.Column("shown_before", sa.Integer(), nullable=True))
    op.add_column("handoffs", sa.Column("asked", sa.Integer(), nullable=True))


def downgrade() -> None:
    op.drop_column("handoffs", "asked")
    op.drop_column("handoffs", "shown_before")
