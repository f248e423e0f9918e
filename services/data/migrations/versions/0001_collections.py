"""Collections, the schema's version, files and imports."""

from uuid import uuid4

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB

revision = "data_0001"
down_revision = None
branch_labels = ("data",)
depends_on = None

key = sa.Uuid(as_uuid=False)
instant = sa.DateTime(timezone=True)
document = sa.JSON().with_variant(JSONB(), "postgresql")


def upgrade() -> None:
    create_collections()
    create_files()
    create_imports()


def create_collections() -> None:
    op.create_table(
        "collections",
        sa.Column("name", sa.String(40), nullable=False),
        sa.Column("number", sa.BigInteger, nullable=False),
        sa.Column("fields", document, nullable=False),
        sa.Column("rules", document, nullable=False),
        sa.Column("rules_version", sa.BigInteger, nullable=False),
        sa.Column("created_at", instant, nullable=False),
        sa.Column("updated_at", instant, nullable=False),
        sa.PrimaryKeyConstraint("name", name="pk_collections"),
        sa.UniqueConstraint("number", name="uq_collections_number"),
    )
    version = op.create_table(
        "schema_version",
        sa.Column("id", sa.Integer, autoincrement=False, nullable=False),
        sa.Column("number", sa.BigInteger, nullable=False),
        sa.Column("stamp", key, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_schema_version"),
    )
    op.bulk_insert(version, [{"id": 1, "number": 0, "stamp": str(uuid4())}])


def create_files() -> None:
    op.create_table(
        "files",
        sa.Column("id", key, nullable=False),
        sa.Column("collection", sa.String(40), nullable=False),
        sa.Column("record_id", key, nullable=False),
        sa.Column("field", sa.String(40), nullable=False),
        sa.Column("name", sa.String(255), nullable=False),
        sa.Column("content_type", sa.String(127), nullable=False),
        sa.Column("size", sa.BigInteger, nullable=False),
        sa.Column("sha256", sa.String(64), nullable=False),
        sa.Column("storage_key", sa.String(64), nullable=False),
        sa.Column("variants", document, nullable=False),
        sa.Column("owner_id", key),
        sa.Column("created_at", instant, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_files"),
        sa.UniqueConstraint("storage_key", name="uq_files_storage_key"),
    )
    op.create_index("ix_files_collection", "files", ["collection"])
    op.create_table(
        "discarded_objects",
        sa.Column("storage_key", sa.String(64), nullable=False),
        sa.PrimaryKeyConstraint("storage_key", name="pk_discarded_objects"),
    )


def create_imports() -> None:
    op.create_table(
        "imports",
        sa.Column("id", key, nullable=False),
        sa.Column("collection", sa.String(40), nullable=False),
        sa.Column("collection_number", sa.BigInteger, nullable=False),
        sa.Column("owner_id", key, nullable=False),
        sa.Column("state", sa.String(10), nullable=False),
        sa.Column("storage_key", sa.String(64), nullable=False),
        sa.Column("rows_staged", sa.Integer, nullable=False),
        sa.Column("rows_written", sa.Integer, nullable=False),
        sa.Column("problem", document),
        sa.Column("created_at", instant, nullable=False),
        sa.Column("finished_at", instant),
        sa.PrimaryKeyConstraint("id", name="pk_imports"),
    )
    op.create_index("ix_imports_collection", "imports", ["collection"])
    op.create_table(
        "import_rows",
        sa.Column("import_id", key, nullable=False),
        sa.Column("line", sa.Integer, autoincrement=False, nullable=False),
        sa.Column("record", document, nullable=False),
        sa.ForeignKeyConstraint(["import_id"], ["imports.id"], ondelete="CASCADE", name="fk_import_rows_import_id"),
        sa.PrimaryKeyConstraint("import_id", "line", name="pk_import_rows"),
    )


def downgrade() -> None:
    for table in ("import_rows", "imports", "discarded_objects", "files", "schema_version", "collections"):
        op.drop_table(table)
