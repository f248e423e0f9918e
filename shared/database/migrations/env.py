"""Alembic's entry: runs the migrations on the connection that shared.database.migrator opened."""

from alembic import context

connection = context.config.attributes["connection"]
context.configure(connection=connection, render_as_batch=True, transactional_ddl=True, transaction_per_migration=False)
context.run_migrations()
