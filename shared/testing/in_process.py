"""A bus within the process: a transport in memory, and feeds that ask the source's database itself."""

import threading
import time
from collections import deque
from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager

from shared.bus.transport import Entry, LastNumbers, TransportDown

LENGTH = 10_000


class InProcessBroker:
    """What a broker holds: short queues, last numbers, pokes. It can be down, and forget, as any other."""

    def __init__(self) -> None:
        self.is_down = False
        self.changed = threading.Condition()
        self.queues: dict[str | int, deque[Entry]] = {}
        self.told: dict[str, LastNumbers] = {}
        self.poked: set[str] = set()
        self._readers = 0

    def forget(self) -> None:
        """Loses everything, and goes on."""
        with self.changed:
            for queue in self.queues.values():
                queue.clear()
            self.told.clear()
            self.poked.clear()

    def transport(self) -> "InProcessTransport":
        """A way to it."""
        return InProcessTransport(self)

    def new_name(self) -> int:
        """A name that no other queue has."""
        self._readers += 1
        return self._readers


class InProcessTransport:
    """The Transport of an InProcessBroker."""

    def __init__(self, broker: InProcessBroker):
        self._broker = broker

    def append(self, entries: Sequence[Entry]) -> None:
        with self._asked():
            for queue in self._broker.queues.values():
                queue.extend(entries)
            self._broker.changed.notify_all()

    def reader(
        self, partitions: Sequence[int], sources: Sequence[str], *, service: str | None = None
    ) -> "InProcessReader":
        with self._asked():
            return InProcessReader(self._broker, partitions, sources, service or self._broker.new_name())

    def tell_last(self, source: str, last: LastNumbers) -> None:
        with self._asked():
            self._broker.told[source] = last

    def last_told(self, source: str) -> LastNumbers | None:
        with self._asked():
            return self._broker.told.get(source)

    def poke(self, service: str) -> None:
        with self._asked():
            self._broker.poked.add(service)
            self._broker.changed.notify_all()

    def await_poke(self, service: str, seconds: float) -> bool:
        with self._asked() as changed:
            changed.wait_for(lambda: service in self._broker.poked or self._broker.is_down, seconds)
            if self._broker.is_down:
                raise TransportDown("the broker is down")
            is_poked = service in self._broker.poked
            self._broker.poked.discard(service)
            return is_poked

    def close(self) -> None:
        """Nothing is held."""

    def _asked(self) -> AbstractContextManager[threading.Condition]:
        return _asked(self._broker)


class InProcessReader:
    """Takes what lies in its queue: one of a service's, or one of its own."""

    def __init__(self, broker: InProcessBroker, partitions: Sequence[int], sources: Sequence[str], name: str | int):
        self._broker, self._partitions, self._sources, self._name = broker, set(partitions), list(sources), name
        broker.queues.setdefault(name, deque(maxlen=LENGTH))

    def read(self, *, wait_seconds: float, count: int) -> list[Entry]:
        until = time.monotonic() + wait_seconds
        with _asked(self._broker) as changed:
            while not (found := self._taken(count)) and (left := until - time.monotonic()) > 0:
                changed.wait(left)
                if self._broker.is_down:
                    raise TransportDown("the broker is down")
            return found

    def last(self) -> dict[str, LastNumbers]:
        with _asked(self._broker):
            return {source: self._broker.told[source] for source in self._sources if source in self._broker.told}

    def given_up(self) -> list[Entry]:
        return []

    def close(self) -> None:
        if isinstance(self._name, int):
            with self._broker.changed:
                self._broker.queues.pop(self._name, None)

    def _taken(self, count: int) -> list[Entry]:
        """The next of this reader's; those of other partitions stay for another reader of the service."""
        queue = self._broker.queues.get(self._name, deque())
        found = [one for one in queue if one.partition in self._partitions][:count]
        taken = {id(one) for one in found}
        rest = [one for one in queue if id(one) not in taken]
        queue.clear()
        queue.extend(rest)
        return [one for one in found if one.source in self._sources]


@contextmanager
def _asked(broker: InProcessBroker) -> Iterator[threading.Condition]:
    with broker.changed:
        if broker.is_down:
            raise TransportDown("the broker is down")
        yield broker.changed
