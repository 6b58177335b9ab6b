"""WhatsApp: contacts, what came, what was sent; messages that wait for others, or for a window to open."""

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "whatsapp_contacts",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("number_id", sa.String(32), nullable=False),
        sa.Column("phone_hash", sa.String(64), nullable=True),
        sa.Column("user_hash", sa.String(64), nullable=True),
        sa.Column("phone", sa.Text(), nullable=True),
        sa.Column("user", sa.Text(), nullable=True),
        sa.Column("conversation_id", sa.String(32), nullable=False),
        sa.Column("wrote_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("last_id", sa.Text(), nullable=True),
        sa.Column("stopped_at", sa.Integer(), nullable=True),
        sa.Column("invited_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(
            ["conversation_id"],
            ["conversations.id"],
            name=op.f("fk_whatsapp_contacts_conversation_id_conversations"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_whatsapp_contacts")),
        sa.UniqueConstraint("conversation_id", name=op.f("uq_whatsapp_contacts_conversation_id")),
        sa.UniqueConstraint("number_id", "phone_hash", name="uq_whatsapp_contacts_number_id_phone_hash"),
        sa.UniqueConstraint("number_id", "user_hash", name="uq_whatsapp_contacts_number_id_user_hash"),
    )
    op.create_table(
        "whatsapp_events",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("id_hash", sa.String(64), nullable=False),
        sa.Column("contact_hash", sa.String(64), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("payload", sa.Text(), nullable=True),
        sa.Column("state", sa.String(16), nullable=False),
        sa.Column("received_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("conversation_id", sa.String(32), nullable=True),
        sa.Column("number", sa.Integer(), nullable=True),
        sa.ForeignKeyConstraint(
            ["conversation_id"],
            ["conversations.id"],
            name=op.f("fk_whatsapp_events_conversation_id_conversations"),
            ondelete="SET NULL",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_whatsapp_events")),
        sa.UniqueConstraint("id_hash", name=op.f("uq_whatsapp_events_id_hash")),
    )
    op.create_index("ix_whatsapp_events_waiting", "whatsapp_events", ["state", "contact_hash"])
    op.create_index(op.f("ix_whatsapp_events_conversation_id"), "whatsapp_events", ["conversation_id"])
    op.create_table(
        "whatsapp_sent",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("id_hash", sa.String(64), nullable=False),
        sa.Column("outbox_id", sa.Integer(), nullable=False),
        sa.Column("part", sa.Integer(), nullable=False),
        sa.Column("status", sa.String(16), nullable=False),
        sa.ForeignKeyConstraint(
            ["outbox_id"], ["outbox.id"], name=op.f("fk_whatsapp_sent_outbox_id_outbox"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_whatsapp_sent")),
        sa.UniqueConstraint("id_hash", name=op.f("uq_whatsapp_sent_id_hash")),
        sa.UniqueConstraint("outbox_id", "part", name=op.f("uq_whatsapp_sent_outbox_id")),
    )
    op.create_table(
        "whatsapp_counts",
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("kind", sa.String(64), nullable=False),
        sa.Column("count", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("day", "kind", name=op.f("pk_whatsapp_counts")),
    )
    op.add_column("outbox", sa.Column("reason", sa.String(64), nullable=True))
    op.add_column("outbox", sa.Column("status", sa.String(16), nullable=True))


def downgrade() -> None:
    op.drop_column("outbox", "status")
    op.drop_column("outbox", "reason")
    for table in ("whatsapp_counts", "whatsapp_sent", "whatsapp_events", "whatsapp_contacts"):
        op.drop_table(table)
