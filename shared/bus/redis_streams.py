"""The default transport: Redis Streams `bus:<partition>`, short, trimmed by count."""

import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

import orjson
from redis import Redis, RedisError
from redis.backoff import NoBackoff
from redis.retry import Retry

from shared.bus.transport import Entry, LastNumbers, TransportDown

STREAM_LENGTH = 10_000
LAST_SECONDS = 86_400
"""Readers tell fresh numbers from stale ones by their beat; old ones show a relay that its database is an older one."""
POKE_SECONDS = 10
ANSWER_SECONDS = 2.0
HINT_SECONDS = 0.05
"""A poke that is not taken at once is not worth waiting for."""
LONGEST_BLOCK_SECONDS = 1.0
"""A longer wait asks again, so that a server that has stopped answering is noticed soon."""


class RedisStreams:
    """Carries the bus over one Redis (or Valkey) server at `url`; connects when first used."""

    def __init__(self, url: str):
        self._client = _client(url, timeout=ANSWER_SECONDS)
        self._blocking = _client(url, timeout=LONGEST_BLOCK_SECONDS + ANSWER_SECONDS)
        self._hint = _client(url, timeout=HINT_SECONDS)

    def append(self, entries: Sequence[Entry]) -> None:
        with _translated():
            pipeline = self._client.pipeline(transaction=False)
            for entry in entries:
                pipeline.xadd(f"bus:{entry.partition}", _fields(entry), maxlen=STREAM_LENGTH, approximate=True)
            pipeline.execute()

    def reader(
        self, partitions: Sequence[int], sources: Sequence[str], *, service: str | None = None
    ) -> "StreamReader":
        return StreamReader(self._client, self._blocking, partitions, sources)

    def tell_last(self, source: str, last: LastNumbers) -> None:
        numbers = {str(partition): number for partition, number in last.numbers.items()}
        document = {"incarnation": last.incarnation, "numbers": numbers, "beat": last.beat}
        with _translated():
            self._client.set(f"bus:last:{source}", orjson.dumps(document), ex=LAST_SECONDS)

    def last_told(self, source: str) -> LastNumbers | None:
        return _last_of(self._client, [source]).get(source)

    def poke(self, service: str) -> None:
        with _translated():
            pipeline = self._hint.pipeline(transaction=False)
            pipeline.lpush(f"bus:poke:{service}", b"1")
            pipeline.ltrim(f"bus:poke:{service}", 0, 0)
            pipeline.expire(f"bus:poke:{service}", POKE_SECONDS)
            pipeline.execute()

    def await_poke(self, service: str, seconds: float) -> bool:
        with _translated():
            return any(self._blocking.blpop([f"bus:poke:{service}"], timeout=block) for block in _blocks(seconds))

    def close(self) -> None:
        for client in (self._client, self._blocking, self._hint):
            client.close()


class StreamReader:
    """Keeps the place in each stream in memory only: a lost place costs a question to the feed, nothing else."""

    def __init__(self, client: Redis, blocking: Redis, partitions: Sequence[int], sources: Sequence[str]):
        self._client, self._blocking = client, blocking
        self._sources = list(sources)
        self._places = self._ends(partitions)

    def read(self, *, wait_seconds: float, count: int) -> list[Entry]:
        with _translated():
            for block in _blocks(wait_seconds):
                answer = self._blocking.xread(self._places, count=count, block=max(1, int(block * 1000)))
                if answer:
                    return [entry for stream, rows in answer for entry in self._take(stream, rows)]
        return []

    def last(self) -> dict[str, LastNumbers]:
        return _last_of(self._client, self._sources)

    def given_up(self) -> list[Entry]:
        return []  # streams count no deliveries

    def close(self) -> None:
        """Nothing is held: the place is in memory."""

    def _ends(self, partitions: Sequence[int]) -> dict[str, bytes]:
        with _translated():
            pipeline = self._client.pipeline(transaction=False)
            for partition in partitions:
                pipeline.xrevrange(f"bus:{partition}", count=1)
            newest = pipeline.execute()
        return {
            f"bus:{partition}": rows[0][0] if rows else b"0-0"
            for partition, rows in zip(partitions, newest, strict=True)
        }

    def _take(self, stream: bytes, rows) -> Iterator[Entry]:
        self._places[stream.decode()] = rows[-1][0]
        partition = int(stream.rsplit(b":", 1)[1])
        for _id, fields in rows:
            yield Entry(
                source=fields[b"s"].decode(),
                incarnation=fields[b"i"].decode(),
                partition=partition,
                number=int(fields[b"n"]),
                type=fields[b"t"].decode(),
                envelope=fields[b"e"].decode(),
            )


def _blocks(seconds: float) -> Iterator[float]:
    """A wait in parts, none longer than the longest block."""
    until = time.monotonic() + seconds
    left = seconds
    while True:
        yield min(max(left, 0.001), LONGEST_BLOCK_SECONDS)
        if (left := until - time.monotonic()) <= 0:
            return


def _client(url: str, *, timeout: float) -> Redis:
    # redis-py 8 would retry ten times by itself: here a failure is an answer
    return Redis.from_url(
        url, socket_timeout=timeout, socket_connect_timeout=min(timeout, 1.0), retry=Retry(NoBackoff(), 0), protocol=2
    )


def _fields(entry: Entry) -> dict[str, str | int]:
    return {"s": entry.source, "i": entry.incarnation, "n": entry.number, "t": entry.type, "e": entry.envelope}


def _last_of(client: Redis, sources: Sequence[str]) -> dict[str, LastNumbers]:
    if not sources:
        return {}
    with _translated():
        found = client.mget([f"bus:last:{source}" for source in sources])
    return {source: _last(text) for source, text in zip(sources, found, strict=True) if text}


def _last(text: bytes) -> LastNumbers:
    document = orjson.loads(text)
    numbers = {int(partition): number for partition, number in document["numbers"].items()}
    return LastNumbers(document["incarnation"], numbers, document["beat"])


@contextmanager
def _translated() -> Iterator[None]:
    try:
        yield
    except (RedisError, OSError) as error:
        raise TransportDown(str(error)) from error
