"""How entries travel on AMQP: a run of one source's partition is one message, which costs more than an entry."""

from collections.abc import Iterator, Sequence
from itertools import groupby

import orjson

from shared.bus.transport import Entry, LastNumbers
from shared.logs import get

MAX_ENTRIES, MAX_BYTES = 100, 256 * 1024

log = get("bus")


def pack(entries: Sequence[Entry]) -> Iterator[tuple[str, int, bytes]]:
    """Source, partition and body of each message, in the order of the entries within each partition."""
    ordered = sorted(entries, key=_run_of)  # stable
    for (source, incarnation, partition), run in groupby(ordered, key=_run_of):
        for part in _parts(list(run)):
            rows = [[entry.number, entry.type, entry.envelope] for entry in part]
            yield source, partition, orjson.dumps({"s": source, "i": incarnation, "p": partition, "e": rows})


def unpack(body: bytes) -> list[Entry]:
    """The entries of a message; [] for what is none of ours, which is logged."""
    try:
        document = orjson.loads(body)
        source, incarnation, partition = document["s"], document["i"], document["p"]
        return [Entry(source, incarnation, partition, *row) for row in document["e"]]
    except (ValueError, KeyError, TypeError) as error:
        log.error("a message on the bus is not of the bus", error=type(error).__name__)
        return []


def pack_last(source: str, last: LastNumbers) -> bytes:
    """A source's last numbers as they travel."""
    numbers = [[partition, number] for partition, number in last.numbers.items()]
    return orjson.dumps({"s": source, "i": last.incarnation, "n": numbers, "b": last.beat})


def unpack_last(body: bytes) -> tuple[str, LastNumbers] | None:
    """The source and its numbers; None for what is none of ours, which is logged."""
    try:
        document = orjson.loads(body)
        numbers = dict(document["n"])
        return document["s"], LastNumbers(document["i"], numbers, document["b"])
    except (ValueError, KeyError, TypeError) as error:
        log.error("last numbers on the bus are not of the bus", error=type(error).__name__)
        return None


def _run_of(entry: Entry) -> tuple[str, str, int]:
    return entry.source, entry.incarnation, entry.partition


def _parts(run: list[Entry]) -> Iterator[list[Entry]]:
    part: list[Entry] = []
    size = 0
    for entry in run:
        if part and (len(part) == MAX_ENTRIES or size + len(entry.envelope) > MAX_BYTES):
            yield part
            part, size = [], 0
        part.append(entry)
        size += len(entry.envelope)
    yield part
