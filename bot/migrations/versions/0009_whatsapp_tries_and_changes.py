"""WhatsApp: which try a status is about, invitations whose outcome isn't known, which messages were changed."""

import sqlalchemy as sa
from alembic import op

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("whatsapp_contacts", sa.Column("inviting_until", sa.DateTime(timezone=True), nullable=True))
    op.add_column("whatsapp_contacts", sa.Column("invitations", sa.Integer(), server_default=sa.text("0"), nullable=False))
    op.add_column("whatsapp_events", sa.Column("about_hash", sa.String(64), nullable=True))
    op.add_column("whatsapp_sent", sa.Column("attempt", sa.Integer(), server_default=sa.text("1"), nullable=False))


def downgrade() -> None:
    op.drop_column("whatsapp_sent", "attempt")
    op.drop_column("whatsapp_events", "about_hash")
    op.drop_column("whatsapp_contacts", "invitations")
    op.drop_column("whatsapp_contacts", "inviting_until")
