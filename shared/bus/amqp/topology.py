"""What the bus declares on a RabbitMQ: names, and the bounds by which nothing there grows without end."""

from collections.abc import Iterable, Sequence

from kombu.transport.pyamqp import Channel

EVENTS, LAST, DEAD = "bus", "bus.last", "bus.dead"
"""The exchanges: events by <source>.<partition>, last numbers by source, what was given up by service."""

MAX_MESSAGES, MAX_BYTES = 10_000, 64 * 2**20
MAX_LETTERS, MAX_LETTER_BYTES = 1_000, 16 * 2**20
DELIVERY_LIMIT = 20
"""More than the starts after which an event is parked by the protocol itself: the broker's count is the backstop."""
UNUSED_MS, POKE_MS = 7 * 86_400_000, 10_000


def service_queue(service: str, partition: int) -> str:
    """Where a service's processes find a partition's events."""
    return f"bus.{service}.{partition}"


def dead_queue(service: str) -> str:
    """Where the broker puts what a service's processes had in hand too often."""
    return f"bus.dead.{service}"


def last_queue(source: str) -> str:
    """Where a source's last numbers are kept."""
    return f"bus.last.{source}"


def poke_queue(service: str) -> str:
    """Where a service's bus role is poked."""
    return f"bus.poke.{service}"


def queues_of(service: str, partitions: int) -> list[str]:
    """Every lasting queue of a service."""
    events = [service_queue(service, partition) for partition in range(partitions)]
    return [*events, dead_queue(service), last_queue(service), poke_queue(service)]


def declare_exchanges(channel: Channel) -> None:
    """The three exchanges, as durable as their queues."""
    for name in (EVENTS, LAST, DEAD):
        channel.exchange_declare(name, "direct", durable=True, auto_delete=False)


def declare_service_queue(channel: Channel, service: str, partition: int, sources: Iterable[str]) -> str:
    """A partition's queue of a service: replicated, read by one process at a time, the oldest dropped when full."""
    name = service_queue(service, partition)
    arguments = {
        "x-queue-type": "quorum",
        "x-single-active-consumer": True,
        "x-delivery-limit": DELIVERY_LIMIT,
        "x-dead-letter-exchange": DEAD,
        "x-dead-letter-routing-key": service,
        **_bounds(MAX_MESSAGES, MAX_BYTES),
    }
    channel.queue_declare(name, durable=True, auto_delete=False, arguments=arguments)
    _bind_events(channel, name, sources, [partition])
    return name


def declare_dead_queue(channel: Channel, service: str) -> str:
    """Where a service finds what the broker has given up."""
    name = dead_queue(service)
    arguments = {"x-queue-type": "quorum", **_bounds(MAX_LETTERS, MAX_LETTER_BYTES)}
    channel.queue_declare(name, durable=True, auto_delete=False, arguments=arguments)
    channel.queue_bind(name, DEAD, service)
    return name


def declare_own_queue(channel: Channel, partitions: Sequence[int], sources: Iterable[str]) -> str:
    """A queue for one reader alone, gone with its connection."""
    arguments = {"x-max-length": MAX_MESSAGES, "x-max-length-bytes": MAX_BYTES}
    name = channel.queue_declare("", exclusive=True, auto_delete=True, arguments=arguments).queue
    _bind_events(channel, name, sources, partitions)
    return name


def declare_hearing(channel: Channel, sources: Sequence[str]) -> str:
    """A reader's own queue of the last numbers that are told from now on."""
    arguments = {"x-max-length": 4 * max(1, len(sources))}
    name = channel.queue_declare("", exclusive=True, auto_delete=True, arguments=arguments).queue
    for source in sources:
        channel.queue_bind(name, LAST, source)
    return name


def declare_last_queue(channel: Channel, source: str) -> str:
    """One place, which the newest numbers take from those before them."""
    name = last_queue(source)
    channel.queue_declare(name, durable=True, auto_delete=False, arguments=_bounds(1))
    channel.queue_bind(name, LAST, source)
    return name


def declare_poke_queue(channel: Channel, service: str) -> str:
    """One place: many pokes are one."""
    name = poke_queue(service)
    arguments = {"x-message-ttl": POKE_MS, **_bounds(1)}
    channel.queue_declare(name, durable=True, auto_delete=False, arguments=arguments)
    return name


def routing_key(source: str, partition: int) -> str:
    """How an event finds its queues."""
    return f"{source}.{partition}"


def _bounds(messages: int, size: int | None = None) -> dict[str, int | str]:
    bounds = {"x-max-length": messages, "x-overflow": "drop-head", "x-expires": UNUSED_MS}
    return bounds | ({"x-max-length-bytes": size} if size else {})


def _bind_events(channel: Channel, queue: str, sources: Iterable[str], partitions: Sequence[int]) -> None:
    for source in sources:
        for partition in partitions:
            channel.queue_bind(queue, EVENTS, routing_key(source, partition))
