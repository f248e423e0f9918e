"""Producers of Celery's messages that give up soon: the rows wait while a broker does not answer."""

from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from typing import Protocol

from celery import Celery
from kombu import Connection, Producer
from kombu.exceptions import KombuError
from kombu.pools import producers
from kombu.transport.pyamqp import Channel

from shared.bus.amqp.line import Confirmed, Line
from shared.bus.transport import TransportDown
from shared.commands.brokers import is_amqp

SHORT = {"socket_timeout": 1.0, "socket_connect_timeout": 0.5, "max_retries": 0}
"""A broker that does not answer costs half a second, not redis-py's long retries; the rows wait meanwhile."""


class BrokerDown(Exception):
    """The broker does not answer; its text is the name of what went wrong. What was published of a batch before that
    may have gone out; `is_known` says whether it certainly has."""

    def __init__(self, what: str, *, is_known: bool):
        super().__init__(what)
        self.is_known = is_known


class Producing(Protocol):
    """Where a batch of messages goes out."""

    def batch(self) -> AbstractContextManager[Producer]:
        """A producer for a batch, which has gone out when the context ends. Raises BrokerDown."""

    def before_each(self) -> None:
        """Told before each message of a batch."""

    def close(self) -> None:
        """Lets go of the connection; the next batch makes a new one."""


def producing_for(celery_app: Celery) -> Producing:
    """The way to the app's broker."""
    return Confirming(celery_app) if is_amqp(celery_app.conf.broker_url) else Pooled(celery_app)


class Pooled:
    """Through kombu's pool: a message is out when Redis has answered."""

    def __init__(self, celery_app: Celery):
        self._app = celery_app
        self._connection: Connection | None = None

    @contextmanager
    def batch(self) -> Iterator[Producer]:
        if self._connection is None:
            options = {**self._app.conf.broker_transport_options, **SHORT}
            self._connection = self._app.connection_for_write(transport_options=options)
        try:
            with producers[self._connection].acquire(block=True, timeout=5) as producer:
                yield producer
        except KombuError as error:
            raise BrokerDown(type(error.__cause__ or error).__name__, is_known=True) from error

    def before_each(self) -> None:
        """Nothing is counted."""

    def close(self) -> None:
        if self._connection is not None:
            self._connection.release()


class Confirming:
    """Over a bounded line to RabbitMQ: a batch is out when the broker has confirmed every message of it."""

    def __init__(self, celery_app: Celery):
        self._app = celery_app
        self._line = Line(celery_app.conf.broker_url, self._begin)

    @contextmanager
    def batch(self) -> Iterator[Producer]:
        try:
            with self._line.channel() as channel:
                # kombu declares a queue once a connection; one that was deleted meanwhile would swallow every message
                channel.connection.client.declared_entities.clear()
                yield self._app.amqp.Producer(channel, auto_declare=False)
                self._confirmed.settle()
        except (TransportDown, KombuError) as down:
            cause = down.__cause__ or down
            raise BrokerDown(type(cause).__name__, is_known=False) from down

    def before_each(self) -> None:
        self._confirmed.expect()

    def close(self) -> None:
        self._line.close()

    def _begin(self, channel: Channel) -> None:
        self._confirmed = Confirmed(self._line, channel)
