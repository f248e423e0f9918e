"""The bus's tables: outbox, numbers, incarnations, consumers; positions, leases, waiting events."""

import sqlalchemy as sa
from alembic import op

revision = "shared_0001"
down_revision = None
branch_labels = ("shared",)
depends_on = None

sequence = sa.BigInteger().with_variant(sa.Integer, "sqlite")
instant = sa.DateTime(timezone=True)


def upgrade() -> None:
    create_outbox()
    create_source_side()
    create_consumer_side()


def create_outbox() -> None:
    op.create_table(
        "outbox",
        sa.Column("seq", sequence, primary_key=True, autoincrement=True),
        sa.Column("event_id", sa.Uuid, nullable=False),
        sa.Column("type", sa.String(120), nullable=False),
        sa.Column("trace_id", sa.String(32), nullable=False),
        sa.Column("partition", sa.Integer, nullable=False),
        sa.Column("number", sa.BigInteger),
        sa.Column("envelope", sa.Text, nullable=False),
        sa.Column("created_at", instant, nullable=False),
        sa.Column("is_sent", sa.Boolean, nullable=False),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_outbox_partition_number", "outbox", ["partition", "number"], unique=True)
    op.create_index("ix_outbox_trace_id", "outbox", ["trace_id"])
    for name, columns, condition in (
        ("ix_outbox_unnumbered", ["seq"], sa.text("number IS NULL")),
        ("ix_outbox_unsent", ["partition", "number"], sa.text("number IS NOT NULL AND NOT is_sent")),
    ):
        op.create_index(name, "outbox", columns, sqlite_where=condition, postgresql_where=condition)


def create_source_side() -> None:
    op.create_table(
        "outbox_numbers",
        sa.Column("partition", sa.Integer, primary_key=True, autoincrement=False),
        sa.Column("assigned", sa.BigInteger, nullable=False),
    )
    op.create_table(
        "incarnations",
        sa.Column("ordinal", sa.Integer, primary_key=True, autoincrement=False),
        sa.Column("partition", sa.Integer, primary_key=True, autoincrement=False),
        sa.Column("incarnation", sa.String(32), nullable=False),
        sa.Column("base", sa.BigInteger, nullable=False),
    )
    op.create_table(
        "consumers",
        sa.Column("consumer", sa.String(60), primary_key=True),
        sa.Column("partition", sa.Integer, primary_key=True, autoincrement=False),
        sa.Column("incarnation", sa.String(32), nullable=False),
        sa.Column("number", sa.BigInteger, nullable=False),
        sa.Column("reported_at", instant, nullable=False),
    )
    op.create_table(
        "leases",
        sa.Column("name", sa.String(60), primary_key=True),
        sa.Column("owner", sa.String(80), nullable=False),
        sa.Column("generation", sa.BigInteger, nullable=False),
        sa.Column("lease_until", instant, nullable=False),
    )


def create_consumer_side() -> None:
    op.create_table(
        "positions",
        sa.Column("source", sa.String(60), primary_key=True),
        sa.Column("partition", sa.Integer, primary_key=True, autoincrement=False),
        sa.Column("incarnation", sa.String(32), nullable=False),
        sa.Column("number", sa.BigInteger, nullable=False),
        sa.Column("attempts", sa.Integer, nullable=False),
    )
    op.create_table(
        "waiting",
        sa.Column("id", sequence, primary_key=True, autoincrement=True),
        sa.Column("handler", sa.String(120), nullable=False),
        sa.Column("key", sa.String(200), nullable=False),
        sa.Column("partition", sa.Integer, nullable=False),
        sa.Column("state", sa.String(10), nullable=False),
        sa.Column("attempts", sa.Integer, nullable=False),
        sa.Column("last_error", sa.Text),
        sa.Column("run_at", instant, nullable=False),
        sa.Column("envelope", sa.Text, nullable=False),
        sa.Column("created_at", instant, nullable=False),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_waiting_handler_key_id", "waiting", ["handler", "key", "id"])
    op.create_index("ix_waiting_state_run_at", "waiting", ["state", "run_at"])


def downgrade() -> None:
    for table in ("waiting", "positions", "leases", "consumers", "incarnations", "outbox_numbers", "outbox"):
        op.drop_table(table)
