"""What a service outside tells is handled by a service of ours: once each, in order of its key, by class or by type."""

import threading
from typing import ClassVar

import pytest
import requests
import sqlalchemy as sa

from services.realtime.tests.outsiders import SCHEMA, Outsider
from shared.bus import Handlers
from shared.bus.consuming.consumer import Consumer
from shared.bus.feed import FeedClient
from shared.bus.leases import Leases, process_name
from shared.bus.redis_streams import RedisStreams
from shared.database import Database, migrator
from shared.database.errors import is_passing
from shared.events import Event
from shared.events.base import CATALOGUE, OUTSIDE_CARRIER
from shared.identity import ServiceTokens
from shared.settings import Settings
from shared.testing import eventually
from shared.testing.identity import bearer, settings_for

book = sa.Table(
    "orders",
    sa.MetaData(),
    sa.Column("row", sa.Integer, primary_key=True),
    sa.Column("handler", sa.String(40)),
    sa.Column("source", sa.String(40)),
    sa.Column("amount", sa.Integer),
)


@pytest.fixture
def order_placed():
    """A class for an event from outside, as a module shared/events/shop.py would declare it."""
    names = {"__module__": "shared.events.shop", "__annotations__": {"amount": int, "carrier": ClassVar[str]}}
    yield type("OrderPlaced", (Event,), {**names, "carrier": OUTSIDE_CARRIER})
    del CATALOGUE["shop.order_placed"]


@pytest.fixture
def mail(system, tmp_path, order_placed):
    """mail's consumer, with a handler by class and one by type; the database that they write to."""
    settings = settings_for(type("MailSettings", (Settings,), {"service": "mail"}))
    database, handlers, stop = Database().connect(f"sqlite:///{tmp_path}/mail.db"), Handlers("mail"), threading.Event()
    migrator.upgrade(database)
    book.metadata.create_all(database.engine)

    @handlers.on(order_placed)
    def by_class(session, event, envelope):
        session.execute(sa.insert(book).values(handler="class", source=envelope.source, amount=event.amount))

    @handlers.on("shop.order_placed", batch=True)
    def by_type(session, batch):
        rows = [{"handler": "type", "source": one.source, "amount": data["amount"]} for data, one in batch]
        session.execute(sa.insert(book), rows)

    assert handlers.sources == {"realtime"}
    feed = FeedClient({"realtime": system.url()}, ServiceTokens("mail", settings).issue)
    leases = Leases(database, process_name())
    consumer = Consumer(database, RedisStreams(system.redis.url), handlers, feed, leases, 8)
    thread = threading.Thread(target=lambda: _turn(consumer, stop), daemon=True)
    thread.start()
    yield database
    stop.set()
    thread.join(60)
    database.dispose()


def _turn(consumer: Consumer, stop: threading.Event) -> None:
    while not stop.is_set():
        try:
            consumer.step(wait_seconds=0.1)
        except Exception as error:  # as the bus role does
            if not is_passing(error):
                raise


def amounts(database: Database, handler: str) -> list[int]:
    with database.reading() as session:
        wanted = sa.select(book.c.amount).where(book.c.handler == handler).order_by(book.c.row)
        return list(session.scalars(wanted))


def test_what_is_told_outside_is_handled_once_and_in_order(system, mail):
    shop, url = Outsider("shop", system.outside_file).is_added(), f"{system.url()}/v1/events"
    answer = requests.put(f"{url}/types/shop.order_placed", json=SCHEMA, headers=bearer(role="admin"), timeout=60)
    assert answer.status_code == 200
    events = [shop.event(subject="orders/1", data={"amount": amount}) for amount in range(1, 31)]
    for event in events:
        for _ in range(2):  # a teller that did not hear the answer tells again
            assert requests.post(url, json=event, headers=shop.headers(), timeout=60).status_code == 202
    for handler in ("class", "type"):
        eventually(lambda handler=handler: amounts(mail, handler) == list(range(1, 31)))
    last = shop.event(subject="orders/1", data={"amount": 31})
    requests.post(url, json=last, headers=shop.headers(), timeout=60)
    for handler in ("class", "type"):
        eventually(lambda handler=handler: amounts(mail, handler)[-1] == 31)
        assert amounts(mail, handler) == list(range(1, 32))
    with mail.reading() as session:
        assert set(session.scalars(sa.select(book.c.source))) == {"shop"}
    shop.is_removed()
