"""Whether an answer helped the resident."""

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None


# Not as a batch: that makes the table anew on SQLite, and with it goes the trigger that keeps the bot silent.
def upgrade() -> None:
    op.add_column("messages", sa.Column("helpful", sa.Boolean(), nullable=True))


def downgrade() -> None:
    op.drop_column("messages", "helpful")
