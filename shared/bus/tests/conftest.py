"""A source and a consumer with databases of their own, on a real broker; the feed is read without HTTP."""

import threading
from collections.abc import Iterator
from functools import partial

import pytest
import sqlalchemy as sa

from shared.bus import Handlers, announce, feed, redis_streams
from shared.bus.amqp import line
from shared.bus.amqp import transport as amqp_transport
from shared.bus.consuming.consumer import Consumer
from shared.bus.feed import FeedDown
from shared.bus.leases import Leases, process_name
from shared.bus.source.answering import read_feed, take_report
from shared.bus.source.ranging import read_range
from shared.bus.source.relay import Relay
from shared.bus.tests.brokers import Broker, MemoryBroker, RabbitBroker, RedisBroker
from shared.bus.tests.ledger import Noted
from shared.bus.transports import transport_for
from shared.database import Database, migrator
from shared.database.errors import is_passing

book = sa.Table("book", sa.MetaData(), sa.Column("row", sa.Integer, primary_key=True),
                sa.Column("account", sa.String(40)), sa.Column("amount", sa.Integer))  # fmt: skip


@pytest.fixture(autouse=True)
def patience(monkeypatch) -> None:
    """A broker or a source on a busy machine may take long to answer; `monkeypatch.undo()` ends it."""
    for module in (redis_streams, line):
        monkeypatch.setattr(module, "ANSWER_SECONDS", 60.0)
    monkeypatch.setattr(redis_streams, "HINT_SECONDS", 60.0)
    monkeypatch.setattr(line, "CONNECT_SECONDS", 60.0)
    monkeypatch.setattr(amqp_transport, "POKE_SECONDS", 60.0)
    monkeypatch.setattr(feed, "TIMEOUT", 60.0)


class DirectFeed:
    """Asks the source's database itself."""

    def __init__(self, database: Database):
        self.database, self.questions, self.is_down = database, 0, False

    def ask(self, source, *, consumer, incarnation, numbers, limit=500):
        self.questions += 1
        if self.is_down:
            raise FeedDown(source)
        with self.database.transaction() as session:
            answer = read_feed(session, source, incarnation, numbers, limit=limit)
            if answer is None:
                raise FeedDown("no numbers yet")
            if consumer:
                take_report(session, consumer, answer, incarnation, numbers)
        return answer

    def ask_range(self, source, wanted, *, incarnation, numbers, limit=500):
        self.questions += 1
        if self.is_down:
            raise FeedDown(source)
        with self.database.reading() as session:
            return read_range(session, source, wanted, incarnation, numbers, limit=limit)


class World:
    """One source and one consuming service, each step made by hand or by threads."""

    def __init__(self, source: Database, target: Database, broker: Broker | str):
        """Over a broker, or over the one at a URL."""
        self.source, self.target = source, target
        self.url = broker if isinstance(broker, str) else broker.url
        self.connect = partial(transport_for, broker) if isinstance(broker, str) else broker.transport
        self.feed = DirectFeed(source)
        self.handlers = Handlers("reader")
        self.transport = self.connect()

    def relay(self, seconds: float = 10.0) -> Relay:
        return Relay("ledger", self.source, self.connect(), Leases(self.source, process_name(), seconds), 8)

    def consumer(self, seconds: float = 10.0) -> Consumer:
        leases = Leases(self.target, process_name(), seconds)
        return Consumer(self.target, self.connect(), self.handlers, self.feed, leases, 8)

    def write(self, account: str, amount: int) -> None:
        with self.source.transaction() as session:
            announce(session, Noted(account=account, amount=amount))

    def keep_book(self) -> None:
        """Registers the plain handler: one row for each event."""

        @self.handlers.on(Noted)
        def note(session, event, _envelope):
            session.execute(sa.insert(book).values(account=event.account, amount=event.amount))

    def noted(self, account: str | None = None) -> list[int]:
        with self.target.reading() as session:
            rows = sa.select(book.c.amount).order_by(book.c.row)
            return list(session.scalars(rows.where(book.c.account == account) if account else rows))


def turn(process, stop: threading.Event) -> threading.Thread:
    """Runs a relay or a consumer on a thread until `stop`; a failure ends the test by its missing effects."""

    def step() -> None:
        if not isinstance(process, Relay):
            process.step(wait_seconds=0.1)
        elif not process.is_leading() or process.step() == 0:
            stop.wait(0.02)

    def loop():
        while not stop.is_set():
            try:
                step()
            except Exception as error:  # as the bus role does
                if not is_passing(error):
                    raise

    thread = threading.Thread(target=loop, daemon=True)
    thread.start()
    return thread


def make_database(url: str) -> Database:
    database = Database().connect(url)
    migrator.upgrade(database)
    return database


@pytest.fixture
def databases(request, database_url, tmp_path) -> Iterator[tuple[Database, Database]]:
    """Source's and target's database, both of the kind under test."""
    if database_url.startswith("sqlite"):
        other, drop = f"sqlite:///{tmp_path}/target.db", None
    else:
        server = request.getfixturevalue("postgres_server")
        other = server.new_database()
        drop = lambda: server.drop_database(other)  # noqa: E731
    source, target = make_database(database_url), make_database(other)
    book.metadata.create_all(target.engine)
    yield source, target
    source.dispose()
    target.dispose()
    if drop:
        drop()


@pytest.fixture
def world(databases, redis_url) -> World:
    """Over a Redis that works."""
    return World(*databases, redis_url)


@pytest.fixture
def fragile_world(databases, redis_server) -> World:
    """Over a Redis of the test's own, to be flushed and stopped."""
    return World(*databases, redis_server.url)


@pytest.fixture
def broken_world(databases, broker) -> World:
    """Over a broker of the kind under test, to be flushed and stopped."""
    return World(*databases, broker)


@pytest.fixture(params=["memory", "redis", "rabbitmq"])
def broker(request) -> Iterator[Broker]:
    """A broker of each kind, to be flushed and stopped."""
    made = _broker(request)
    yield made
    made.close()


def _broker(request) -> Broker:
    if request.param == "memory":
        return MemoryBroker()
    if request.param == "redis":
        return RedisBroker(request.getfixturevalue("redis_server"))
    return RabbitBroker(request.getfixturevalue("rabbit_server"), ("ledger", "reader", "other"), 8)


@pytest.fixture
def running():
    """Starts relays and consumers on threads and stops them at the end."""
    stop, threads = threading.Event(), []
    yield lambda *processes: threads.extend(turn(process, stop) for process in processes)
    stop.set()
    for thread in threads:
        thread.join(60)
        assert not thread.is_alive()
