"""Carries the bus over RabbitMQ: events by queues per service and partition, numbers and pokes by one-place queues."""

import time
from collections.abc import Sequence

from kombu.transport.pyamqp import Channel

from shared.bus.amqp import topology
from shared.bus.amqp.line import Confirmed, Line
from shared.bus.amqp.messages import pack, pack_last, unpack_last
from shared.bus.amqp.reader import AmqpReader
from shared.bus.transport import Entry, LastNumbers, TransportDown

POKE_SECONDS = 0.25
MOST_KEPT = 10
"""More last numbers than a one-place queue can hold, returned ones included."""


class AmqpTransport:
    """Over the RabbitMQ at `url` (several, by `;`, are tried one after the other); connects when first used."""

    def __init__(self, url: str):
        self._url = url
        self._talk = Line(url, self._begin_talk)
        self._poking = Line(url, self._begin_poking)
        self._listening = Line(url, lambda channel: None)
        self._readers: list[AmqpReader] = []

    def append(self, entries: Sequence[Entry]) -> None:
        with self._talk.channel():
            for source, partition, body in pack(entries):
                key = topology.routing_key(source, partition)
                self._confirmed.publish(body, topology.EVENTS, key, is_lasting=True)
            self._confirmed.settle()

    def reader(self, partitions: Sequence[int], sources: Sequence[str], *, service: str | None = None) -> AmqpReader:
        reader = AmqpReader(self._url, partitions, sources, service)
        self._readers = [one for one in self._readers if one.is_open] + [reader]
        return reader

    def tell_last(self, source: str, last: LastNumbers) -> None:
        with self._talk.channel() as channel:
            self._keep_last(channel, source)
            self._confirmed.publish(pack_last(source, last), topology.LAST, source, is_lasting=True)
            self._confirmed.settle()

    def last_told(self, source: str) -> LastNumbers | None:
        with self._talk.channel() as channel:
            self._keep_last(channel, source)
            held = []
            for _ in range(MOST_KEPT):
                message = channel.basic_get(topology.last_queue(source))
                if message is None:
                    break
                held.append(message)
            for message in held:
                channel.basic_reject(message.delivery_tag, requeue=True)
        newest = unpack_last(held[-1].body) if held else None
        return newest[1] if newest else None

    def poke(self, service: str) -> None:
        try:
            self._poke(service)
        except TransportDown:  # an idle connection may have been closed meanwhile
            self._poke(service)

    def await_poke(self, service: str, seconds: float) -> bool:
        """Listens for as long as it waits only: a relay that leads no more must not take its successor's pokes."""
        pokes = []
        with self._listening.channel() as channel:
            queue = topology.declare_poke_queue(channel, service)
            tag = channel.basic_consume(queue, no_ack=True, callback=pokes.append)
            until = time.monotonic() + seconds
            while not pokes and self._listening.drain(until - time.monotonic()):
                continue
            channel.basic_cancel(tag)
        return bool(pokes)

    def close(self) -> None:
        for one in (*self._readers, self._talk, self._poking, self._listening):
            one.close()

    def _poke(self, service: str) -> None:
        with self._poking.channel() as channel:
            if service not in self._poked:
                topology.declare_poke_queue(channel, service)
                self._poked.add(service)
            self._pokes.publish(b"1", "", topology.poke_queue(service), is_lasting=False)
            self._pokes.settle(POKE_SECONDS)

    def _begin_talk(self, channel: Channel) -> None:
        topology.declare_exchanges(channel)
        self._confirmed = Confirmed(self._talk, channel)
        self._kept: set[str] = set()

    def _begin_poking(self, channel: Channel) -> None:
        self._pokes = Confirmed(self._poking, channel)
        self._poked: set[str] = set()

    def _keep_last(self, channel: Channel, source: str) -> None:
        if source not in self._kept:
            topology.declare_last_queue(channel, source)
            self._kept.add(source)
