"""Who has left, and is still to be erased; no topic of a request with which none was passed on."""

import sqlalchemy as sa
from alembic import op

revision = "0012"
down_revision = "0011"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "leaving",
        sa.Column("conversation_id", sa.String(length=32), nullable=False),
        sa.ForeignKeyConstraint(
            ["conversation_id"],
            ["conversations.id"],
            name=op.f("fk_leaving_conversation_id_conversations"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("conversation_id", name=op.f("pk_leaving")),
    )
    # Only where somebody can still see it: of deleted conversations, and of what was taken back, the figures alone have it.
    op.execute(
        "UPDATE handoffs SET topic = NULL "
        "WHERE summary IS NULL AND shown_from IS NOT NULL AND conversation_id IS NOT NULL"
    )


def downgrade() -> None:
    op.drop_table("leaving")
