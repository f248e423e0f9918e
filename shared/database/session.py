"""The service's database and its two units of work: a transaction that writes, a unit that reads."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager

from sqlalchemy import Engine, text
from sqlalchemy.orm import Session

from shared.database.engine import READ, open_engine


class Database:
    """Unbound until `connect` or `init_app`; then gives sessions on the service's own database.

    `migrations` is the service's migration folder, relative to the repository's root.
    """

    def __init__(self, migrations: str | None = None):
        self.migrations = migrations
        self._engine: Engine | None = None
        self._reading: Engine | None = None
        self.session_info: dict = {}
        """Given to every session's `info`: what the bus wants known in a unit of work."""

    @property
    def engine(self) -> Engine:
        """The engine that writes; raises RuntimeError before the database is connected."""
        if self._engine is None:
            raise RuntimeError("The database is not connected: call connect(url) or init_app(app, settings) first.")
        return self._engine

    @property
    def dialect(self) -> str:
        """`sqlite` or `postgresql`."""
        return self.engine.dialect.name

    def connect(self, url: str) -> "Database":
        """Binds to the database at `url`; a second call replaces the first binding."""
        self.dispose()
        self._engine = open_engine(url)
        if self._engine.dialect.name == "sqlite":
            self._reading = self._engine.execution_options(sqlite_begin=READ)
        else:
            self._reading = self._engine.execution_options(isolation_level="AUTOCOMMIT")
        return self

    def init_app(self, app, settings) -> None:
        """Binds to the settings' database, checks it in /readyz, leaves itself in the app's extensions."""
        self.connect(settings.database_url)
        app.extensions["database"] = self
        app.extensions.setdefault("ready_checks", {})["database"] = self.ping

    @contextmanager
    def transaction(self) -> Iterator[Session]:
        """A write unit: begun at its first statement, committed on leaving, rolled back on an exception."""
        with Session(self.engine, expire_on_commit=False, info=self.session_info) as session:
            try:
                yield session
                session.commit()
            except BaseException:
                session.rollback()
                raise
            for act in session.info.pop("after_commit", {}):
                act()

    @contextmanager
    def reading(self) -> Iterator[Session]:
        """A read-only unit; autocommit on PostgreSQL, a snapshot on SQLite."""
        with Session(self._reading or self.engine, expire_on_commit=False, autoflush=False) as session:
            yield session

    def ping(self) -> None:
        """Raises when the database does not answer."""
        with self.reading() as session:
            session.execute(text("SELECT 1"))

    def dispose(self) -> None:
        """Closes every pooled connection."""
        if self._engine is not None:
            self._engine.dispose()


def after_commit(session: Session, act: Callable[[], None]) -> None:
    """Has `act` called once after the unit of work has committed, and never when it has not."""
    session.info.setdefault("after_commit", {})[act] = True
