"""What an alarm's delivery is called outside, where a row's id could come twice; an index for deleting conversations."""

import sqlalchemy as sa
from alembic import op

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_index(op.f("ix_outbox_conversation_id"), "outbox", ["conversation_id"])
    op.add_column("alarm_deliveries", sa.Column("key", sa.String(32), nullable=True))
    # What is on its way keeps its name: the other side may have it already.
    op.execute("UPDATE alarm_deliveries SET key = CAST(id AS VARCHAR(32))")
    # A batch makes the table anew on SQLite; nothing hangs on this one.
    with op.batch_alter_table("alarm_deliveries") as batch:
        batch.alter_column("key", existing_type=sa.String(32), nullable=False)


def downgrade() -> None:
    op.drop_column("alarm_deliveries", "key")
    op.drop_index(op.f("ix_outbox_conversation_id"), "outbox")
