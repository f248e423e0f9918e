"""Joins the bus's revisions and those of answers and revocations, so that the branch has one head again."""

revision = "shared_0003"
down_revision = ("shared_0002", "shared_revocations")
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Nothing changes but the head."""


def downgrade() -> None:
    """Nothing changes but the heads."""
