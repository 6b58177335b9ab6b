"""When danger was found; which messages each handoff shows; whose departments an entry of the audit was about."""

import sqlalchemy as sa
from alembic import op

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("conversations", sa.Column("flagged_at", sa.DateTime(timezone=True), nullable=True))
    op.execute("UPDATE conversations SET flagged_at = last_at WHERE flag IS NOT NULL")
    op.add_column("handoffs", sa.Column("shown_from", sa.Integer(), nullable=True))
    op.add_column("handoffs", sa.Column("shown_until", sa.Integer(), nullable=True))
    # Until now the department read on after a handoff, and residents were told so: up to here.
    op.execute(
        "UPDATE handoffs SET shown_from = (SELECT shown_from FROM conversations WHERE id = handoffs.conversation_id) "
        "WHERE id IN (SELECT max(id) FROM handoffs GROUP BY conversation_id)"
    )
    op.execute(
        "UPDATE handoffs SET shown_until = (SELECT last_number FROM conversations WHERE id = handoffs.conversation_id) "
        "WHERE shown_from IS NOT NULL AND ended_at IS NOT NULL"
    )
    # The audit's rows stay as they are: of those before this column nobody wrote down the departments.
    op.add_column("audit", sa.Column("departments", sa.JSON(), nullable=True))


def downgrade() -> None:
    op.drop_column("audit", "departments")
    op.drop_column("handoffs", "shown_until")
    op.drop_column("handoffs", "shown_from")
    op.drop_column("conversations", "flagged_at")
