"""Indexes for what is looked for each second, or each time an open page loads itself again, in tables that only grow."""

import sqlalchemy as sa
from alembic import op

revision = "0011"
down_revision = "0010"
branch_labels = None
depends_on = None


def upgrade() -> None:
    running, still_open = sa.text("ended_at IS NULL"), sa.text("done_at IS NULL")
    op.create_index("ix_handoffs_running", "handoffs", ["alarm_at"], sqlite_where=running, postgresql_where=running)
    op.create_index("ix_callbacks_open", "callbacks", ["told_at"], sqlite_where=still_open, postgresql_where=still_open)
    op.create_index("ix_audit_action", "audit", ["action", "liaison_id", "at"])


def downgrade() -> None:
    op.drop_index("ix_audit_action", "audit")
    op.drop_index("ix_callbacks_open", "callbacks")
    op.drop_index("ix_handoffs_running", "handoffs")
