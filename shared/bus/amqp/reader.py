"""Reads the bus from RabbitMQ: a service's queues, of which its processes share what comes, or a queue of one's own."""

from collections import deque
from collections.abc import Sequence

from kombu.transport.pyamqp import Channel

from shared.bus.amqp import topology
from shared.bus.amqp.line import Line
from shared.bus.amqp.messages import unpack, unpack_last
from shared.bus.transport import Entry, LastNumbers

HEARTBEAT_SECONDS = 10
"""A reader that is silent for two of these loses its place to another of its service."""
PREFETCH = 8


class AmqpReader:
    """Acknowledges a message when the next is asked for: the number has moved by then, or the feed brings it again."""

    def __init__(self, url: str, partitions: Sequence[int], sources: Sequence[str], service: str | None):
        self._partitions, self._sources, self._service = list(partitions), list(sources), service
        self._last: dict[str, LastNumbers] = {}
        self._line = Line(url, self._begin, heartbeat_seconds=HEARTBEAT_SECONDS)
        with self._line.channel():
            pass

    def read(self, *, wait_seconds: float, count: int) -> list[Entry]:
        """About `count`: a message is taken whole."""
        with self._line.channel() as channel:
            self._acknowledge(channel)
            self._line.beat()
            if not self._inbox:
                self._line.drain(wait_seconds)
            while self._waiting < count and self._line.drain(0):
                continue
            return self._taken(count)

    def last(self) -> dict[str, LastNumbers]:
        """As they were heard in the last `read`."""
        return dict(self._last)

    def given_up(self) -> list[Entry]:
        found, self._letters = self._letters, []
        return found

    @property
    def is_open(self) -> bool:
        return self._line.is_open

    def close(self) -> None:
        self._line.close()

    def _begin(self, channel: Channel) -> None:
        """Whatever was in hand on an earlier connection is the broker's again."""
        self._inbox: deque[tuple[int, list[Entry]]] = deque()
        self._waiting, self._done = 0, 0
        self._letters: list[Entry] = []
        topology.declare_exchanges(channel)
        channel.basic_qos(0, PREFETCH, False)
        hearing = topology.declare_hearing(channel, self._sources)
        channel.basic_consume(hearing, no_ack=True, callback=self._hear)
        if self._service is None:
            queues = [topology.declare_own_queue(channel, self._partitions, self._sources)]
        else:
            channel.basic_consume(topology.declare_dead_queue(channel, self._service), callback=self._take_letter)
            queues = [
                topology.declare_service_queue(channel, self._service, partition, self._sources)
                for partition in self._partitions
            ]
        for queue in queues:
            channel.basic_consume(queue, callback=self._take)

    def _take(self, message) -> None:
        entries = unpack(message.body)
        self._inbox.append((message.delivery_tag, entries))
        self._waiting += len(entries)

    def _take_letter(self, message) -> None:
        """What merely fell out of a full queue is no suspect: the feed brings it in its turn."""
        if (message.headers or {}).get("x-first-death-reason") == "delivery_limit":
            self._letters += unpack(message.body)
        self._inbox.append((message.delivery_tag, []))

    def _hear(self, message) -> None:
        if told := unpack_last(message.body):
            self._last[told[0]] = told[1]

    def _taken(self, count: int) -> list[Entry]:
        entries: list[Entry] = []
        while self._inbox and len(entries) < count:
            self._done, found = self._inbox.popleft()
            entries += found
        self._waiting -= len(entries)
        return entries

    def _acknowledge(self, channel: Channel) -> None:
        if self._done:
            channel.basic_ack(self._done, multiple=True)  # tags come in the order of the inbox
            self._done = 0
