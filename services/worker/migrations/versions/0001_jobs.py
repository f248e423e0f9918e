"""Jobs, their log lines, schedules and the first schedule: housekeeping."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB

from shared.commands import add_command_indexes, command_columns

revision = "worker_0001"
down_revision = None
branch_labels = ("worker",)
depends_on = None

key = sa.Uuid(as_uuid=False)
instant = sa.DateTime(timezone=True)
document = sa.JSON().with_variant(JSONB(), "postgresql")


def upgrade() -> None:
    create_jobs()
    create_log_lines()
    create_schedules()


def create_jobs() -> None:
    op.create_table(
        "jobs",
        *command_columns(),
        sa.Column("owner_id", key),
        sa.Column("kind", sa.String(60), nullable=False),
        sa.Column("input", document, nullable=False),
        sa.Column("is_notify_wanted", sa.Boolean, nullable=False),
        sa.Column("progress", sa.Double, nullable=False),
        sa.Column("message", sa.String(300)),
        sa.Column("result", document),
        sa.Column("problem", document),
        sa.Column("checkpoint", document),
        sa.Column("schedule", sa.String(60)),
        sa.Column("due_at", instant),
        sa.UniqueConstraint("schedule", "due_at", name="uq_jobs_schedule_due_at"),
    )
    add_command_indexes(op, "jobs")
    op.create_index("ix_jobs_owner_id_id", "jobs", ["owner_id", "id"])
    op.create_index("ix_jobs_finished_at", "jobs", ["finished_at"])


def create_log_lines() -> None:
    op.create_table(
        "job_log_lines",
        sa.Column("job_id", key, nullable=False),
        sa.Column("number", sa.Integer, autoincrement=False, nullable=False),
        sa.Column("at", instant, nullable=False),
        sa.Column("text", sa.Text, nullable=False),
        sa.PrimaryKeyConstraint("job_id", "number", name="pk_job_log_lines"),
        sa.ForeignKeyConstraint(["job_id"], ["jobs.id"], ondelete="CASCADE", name="fk_job_log_lines_job_id"),
    )


def create_schedules() -> None:
    schedules = op.create_table(
        "schedules",
        sa.Column("name", sa.String(60), nullable=False),
        sa.Column("cron", sa.String(100)),
        sa.Column("every_seconds", sa.Integer),
        sa.Column("kind", sa.String(60), nullable=False),
        sa.Column("input", document, nullable=False),
        sa.Column("is_enabled", sa.Boolean, nullable=False),
        sa.Column("next_due", instant),
        sa.PrimaryKeyConstraint("name", name="pk_schedules"),
        sa.CheckConstraint("(cron IS NULL) <> (every_seconds IS NULL)", name="ck_schedules_cron_or_every"),
    )
    nightly = {"name": "housekeeping", "cron": "17 3 * * *", "kind": "housekeeping", "input": {}, "is_enabled": True}
    op.bulk_insert(schedules, [nightly])


def downgrade() -> None:
    for table in ("schedules", "job_log_lines", "jobs"):
        op.drop_table(table)
