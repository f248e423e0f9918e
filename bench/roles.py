"""Bus roles in processes of their own for the programs that need several at once."""

import multiprocessing
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from bench.cores import pin
from bench.stage import READER, SOURCE, DirectFeed
from shared import logs
from shared.bus import Handlers
from shared.bus.consuming.consumer import Consumer
from shared.bus.leases import Leases, process_name
from shared.bus.redis_streams import RedisStreams
from shared.bus.role import BusRole
from shared.bus.source.outbox import PARTITIONS
from shared.bus.source.relay import Relay
from shared.database import Database


@contextmanager
def process(core: int, act: Callable[..., None], *given: object) -> Iterator[multiprocessing.Process]:
    """Runs `act` in a process of its own on that core for the time of the block, then ends it."""
    child = multiprocessing.get_context("spawn").Process(target=_run, args=(core, act, given), daemon=True)
    child.start()
    try:
        yield child
    finally:
        child.terminate()
        child.join(15)
        if child.is_alive():
            child.kill()
            child.join()


def _run(core: int, act: Callable[..., None], given: tuple) -> None:
    pin(core)
    with Path(os.devnull).open("w") as nowhere:
        logs.configure(act.__name__, role="bus", stream=nowhere)
        act(*given)


def run_source(broker: str, ours: str) -> None:
    """The source's bus role: it relays."""
    database = Database().connect(ours)
    role_of(SOURCE, broker, database, Handlers(SOURCE), database).run()


def run_reader(broker: str, ours: str, theirs: str, make_handlers: Callable[[], Handlers]) -> None:
    """The reader's bus role: it handles what the source announces."""
    role_of(READER, broker, Database().connect(theirs), make_handlers(), Database().connect(ours)).run()


def role_of(service: str, broker: str, database: Database, handlers: Handlers, fed_by: Database) -> BusRole:
    """A bus role as `Bus.role` wires it, but with a feed that is read without HTTP."""
    transport, leases = RedisStreams(broker), Leases(database, process_name())
    relay = Relay(service, database, transport, leases, PARTITIONS)
    consumer = Consumer(database, transport, handlers, DirectFeed(fed_by), leases, PARTITIONS)
    return BusRole(service, database, transport, relay, consumer)
