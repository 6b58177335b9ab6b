"""Alarms about residents whom a liaison doesn't answer, and about those who want to be called back; who has read what."""

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("handoffs", sa.Column("unanswered_since", sa.DateTime(timezone=True), nullable=True))
    op.execute(
        "UPDATE handoffs SET unanswered_since = claimed_at "
        "WHERE ended_at IS NULL AND liaison_id IS NOT NULL AND replied_at IS NULL"
    )
    op.add_column("callbacks", sa.Column("told_at", sa.DateTime(timezone=True), nullable=True))
    # A batch makes the table anew on SQLite; nothing hangs on this one.
    with op.batch_alter_table("alarm_deliveries") as batch:
        batch.alter_column("handoff_id", existing_type=sa.Integer(), nullable=True)
        batch.add_column(sa.Column("callback_id", sa.Integer(), nullable=True))
        batch.create_foreign_key(
            op.f("fk_alarm_deliveries_callback_id_callbacks"), "callbacks", ["callback_id"], ["id"], ondelete="CASCADE"
        )
        batch.create_index(op.f("ix_alarm_deliveries_callback_id"), ["callback_id"])
    op.create_index(op.f("ix_audit_conversation_id"), "audit", ["conversation_id"])


def downgrade() -> None:
    op.drop_index(op.f("ix_audit_conversation_id"), "audit")
    op.execute("DELETE FROM alarm_deliveries WHERE handoff_id IS NULL")
    with op.batch_alter_table("alarm_deliveries") as batch:
        batch.drop_index(op.f("ix_alarm_deliveries_callback_id"))
        batch.drop_constraint(op.f("fk_alarm_deliveries_callback_id_callbacks"), type_="foreignkey")
        batch.drop_column("callback_id")
        batch.alter_column("handoff_id", existing_type=sa.Integer(), nullable=False)
    op.drop_column("callbacks", "told_at")
    op.drop_column("handoffs", "unanswered_since")
