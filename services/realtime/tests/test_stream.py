"""The reader, between a broker that forgets and feeds that don't."""

from contextlib import contextmanager

import gevent
import pytest

from services.realtime.live.stream import Stream
from services.realtime.tests.making import AIRPORTS, PARTITIONS, Outbox, record_changed
from shared.bus.feed import FeedDown
from shared.bus.transport import LastNumbers, TransportDown


class Broker:
    """Holds what the test puts on it; silent when told."""

    def __init__(self) -> None:
        self.entries, self.told, self.is_silent, self.beat = [], {}, False, 0

    def reader(self, _partitions, _sources):
        if self.is_silent:
            raise TransportDown("silent")
        return self

    def read(self, *, wait_seconds, count):
        gevent.sleep(0.01)
        if self.is_silent:
            raise TransportDown("silent")
        found, self.entries = self.entries, []
        return found

    def close(self):
        """Nothing is held."""

    def last(self):
        self.beat += 1
        return {source: LastNumbers("one", numbers, str(self.beat)) for source, numbers in self.told.items()}


class Listener:
    def __init__(self) -> None:
        self.taken, self.begins, self.is_prepared = [], 0, True

    def prepare(self, _source):
        if not self.is_prepared:
            raise FeedDown("not yet")

    def begun(self, _source):
        self.begins += 1

    def take(self, entry):
        self.taken.append(entry.number)
        return 1


@contextmanager
def bounded():
    with gevent.Timeout(60):
        yield


def until(condition):
    with bounded():
        while not condition():
            gevent.sleep(0.01)


@pytest.fixture
def broker():
    return Broker()


@pytest.fixture
def listener():
    return Listener()


@pytest.fixture
def stream(outbox: Outbox, broker, listener):
    stream = Stream(["data"], broker, outbox, PARTITIONS, anew=frozenset({"data"}))
    outbox.add(record_changed(None, {"id": "r0"}))
    tasks = stream.start(listener)
    yield stream
    gevent.killall(tasks)


def test_a_stream_begins_at_the_present(stream, listener):
    until(lambda: not stream.missing())
    assert (listener.begins, listener.taken, stream.tracks["data"].number(AIRPORTS)) == (1, [], 1)


def test_a_stream_waits_until_its_listener_is_prepared(stream, listener):
    listener.is_prepared = False
    gevent.sleep(0.05)
    assert stream.missing() == ["data"]
    listener.is_prepared = True
    until(lambda: not stream.missing())


def test_what_the_broker_brings_is_passed_on(stream, outbox, broker, listener):
    until(lambda: not stream.missing())
    broker.entries = [outbox.add(record_changed(None, {"id": "r1"})) for _ in range(3)]
    until(lambda: listener.taken == [2, 3, 4])


def test_a_gap_is_filled_from_the_feed(stream, outbox, broker, listener):
    until(lambda: not stream.missing())
    rows = [outbox.add(record_changed(None, {"id": "r1"})) for _ in range(5)]
    broker.entries = [rows[0], rows[4]]
    until(lambda: listener.taken == [2, 3, 4, 5, 6])


def test_with_a_silent_broker_the_feed_is_read(stream, outbox, broker, listener):
    until(lambda: not stream.missing())
    broker.is_silent = True
    for _ in range(3):
        outbox.add(record_changed(None, {"id": "r1"}))
    until(lambda: listener.taken == [2, 3, 4])
    broker.is_silent = False
    broker.entries = [outbox.add(record_changed(None, {"id": "r1"}))]
    until(lambda: listener.taken == [2, 3, 4, 5])


def test_events_that_the_broker_forgot_come_from_the_feed(stream, outbox, broker, listener):
    until(lambda: not stream.missing())
    outbox.add(record_changed(None, {"id": "r1"}))
    broker.told = {"data": outbox.last()}
    until(lambda: listener.taken == [2])


def test_a_source_that_lost_events_begins_anew(stream, outbox, broker, listener):
    until(lambda: not stream.missing())
    broker.is_silent = True
    for _ in range(9):
        outbox.add(record_changed(None, {"id": "r1"}))
    outbox.oldest = 8
    until(lambda: listener.begins == 2)
    assert (listener.taken, stream.tracks["data"].number(AIRPORTS)) == ([], 10)
