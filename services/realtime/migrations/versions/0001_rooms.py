"""Rooms and messages."""

import sqlalchemy as sa
from alembic import op

revision = "realtime_0001"
down_revision = None
branch_labels = ("realtime",)
depends_on = None


def upgrade() -> None:
    op.create_table(
        "rooms",
        sa.Column("name", sa.String(64), nullable=False),
        sa.Column("last_number", sa.BigInteger, nullable=False),
        sa.PrimaryKeyConstraint("name", name="pk_rooms"),
    )
    op.create_table(
        "messages",
        sa.Column("room", sa.String(64), nullable=False),
        sa.Column("number", sa.BigInteger, nullable=False),
        sa.Column("id", sa.Uuid, nullable=False),
        sa.Column("author_id", sa.Uuid, nullable=False),
        sa.Column("text", sa.Text, nullable=False),
        sa.Column("sent_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("client_id", sa.String(64)),
        sa.PrimaryKeyConstraint("room", "number", name="pk_messages"),
        sa.ForeignKeyConstraint(["room"], ["rooms.name"], name="fk_messages_room"),
        sa.UniqueConstraint("id", name="uq_messages_id"),
        sa.UniqueConstraint("room", "author_id", "client_id", name="uq_messages_room_author_id_client_id"),
    )


def downgrade() -> None:
    op.drop_table("messages")
    op.drop_table("rooms")
