"""Types of events that services outside tell, and which they have told."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB

revision = "realtime_0002"
down_revision = "realtime_0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "event_types",
        sa.Column("type", sa.String(120), nullable=False),
        sa.Column("schema", sa.JSON().with_variant(JSONB(), "postgresql"), nullable=False),
        sa.Column("version", sa.Integer, nullable=False),
        sa.Column("registered_by", sa.Uuid, nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("type", name="pk_event_types"),
    )
    op.create_table(
        "told_events",
        sa.Column("source", sa.String(60), nullable=False),
        sa.Column("id", sa.String(100), nullable=False),
        sa.Column("digest", sa.String(64), nullable=False),
        sa.Column("told_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("source", "id", name="pk_told_events"),
    )
    op.create_index("ix_told_events_told_at", "told_events", ["told_at"])


def downgrade() -> None:
    op.drop_table("told_events")
    op.drop_table("event_types")
