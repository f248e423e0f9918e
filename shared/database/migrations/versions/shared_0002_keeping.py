"""Retired consumers, replays and their cursors, the incarnations a consumer followed, what it missed for good."""

import sqlalchemy as sa
from alembic import op

revision = "shared_0002"
down_revision = "shared_0001"
branch_labels = None
depends_on = None

sequence = sa.BigInteger().with_variant(sa.Integer, "sqlite")
instant = sa.DateTime(timezone=True)


def upgrade() -> None:
    op.create_table(
        "retirements",
        sa.Column("consumer", sa.String(60), primary_key=True),
        sa.Column("retired_at", instant, nullable=False),
    )
    create_replays()
    create_history()
    op.add_column("waiting", sa.Column("replay", sa.Uuid))


def create_replays() -> None:
    op.create_table(
        "replays",
        sa.Column("id", sa.Uuid, primary_key=True),
        sa.Column("source", sa.String(60), nullable=False),
        sa.Column("types", sa.Text, nullable=False),
        sa.Column("since", instant),
        sa.Column("until", instant, nullable=False),
        sa.Column("handler", sa.String(120)),
        sa.Column("state", sa.String(10), nullable=False),
        sa.Column("asked_by", sa.String(120), nullable=False),
        sa.Column("last_error", sa.Text),
        sa.Column("created_at", instant, nullable=False),
        sa.Column("finished_at", instant),
    )
    op.create_index("ix_replays_state_id", "replays", ["state", "id"])
    op.create_table(
        "replay_cursors",
        sa.Column("replay", sa.Uuid, primary_key=True),
        sa.Column("partition", sa.Integer, primary_key=True, autoincrement=False),
        sa.Column("incarnation", sa.String(32), nullable=False),
        sa.Column("number", sa.BigInteger, nullable=False),
        sa.Column("last", sa.BigInteger, nullable=False),
        sa.Column("attempts", sa.Integer, nullable=False),
        sa.Column("handled", sa.BigInteger, nullable=False),
        sa.Column("missed", sa.BigInteger, nullable=False),
    )


def create_history() -> None:
    op.create_table(
        "lineage",
        sa.Column("id", sequence, primary_key=True, autoincrement=True),
        sa.Column("source", sa.String(60), nullable=False),
        sa.Column("incarnation", sa.String(32), nullable=False),
        sa.Column("bases", sa.Text, nullable=False),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_lineage_source_id", "lineage", ["source", "id"])
    op.create_table(
        "missed",
        sa.Column("id", sequence, primary_key=True, autoincrement=True),
        sa.Column("source", sa.String(60), nullable=False),
        sa.Column("partition", sa.Integer, nullable=False),
        sa.Column("incarnation", sa.String(32), nullable=False),
        sa.Column("after", sa.BigInteger, nullable=False),
        sa.Column("up_to", sa.BigInteger, nullable=False),
        sa.Column("noticed_at", instant, nullable=False),
        sqlite_autoincrement=True,
    )


def downgrade() -> None:
    op.drop_column("waiting", "replay")
    for table in ("missed", "lineage", "replay_cursors", "replays", "retirements"):
        op.drop_table(table)
