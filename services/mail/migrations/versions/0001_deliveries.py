"""Recipients and deliveries."""

import sqlalchemy as sa
from alembic import op

from shared.commands import add_command_indexes, command_columns

revision = "mail_0001"
down_revision = None
branch_labels = ("mail",)
depends_on = None


def upgrade() -> None:
    op.create_table(
        "recipients",
        sa.Column("user_id", sa.Uuid(as_uuid=False), primary_key=True),
        sa.Column("address", sa.String(320), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
    )
    op.create_table(
        "deliveries",
        *command_columns(),
        sa.Column("template", sa.String(60), nullable=False),
        sa.Column("language", sa.String(10), nullable=False),
        sa.Column("recipient", sa.String(320), nullable=False),
        sa.Column("user_id", sa.Uuid(as_uuid=False), nullable=False),
        sa.Column("context", sa.JSON().with_variant(sa.dialects.postgresql.JSONB(), "postgresql"), nullable=False),
        sa.Column("sealed_token", sa.Text()),
        sa.Column("message_id", sa.String(80), nullable=False),
    )
    add_command_indexes(op, "deliveries")
    op.create_index("ix_deliveries_state_id", "deliveries", ["state", "id"])


def downgrade() -> None:
    op.drop_table("deliveries")
    op.drop_table("recipients")
