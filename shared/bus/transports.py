"""The transports there are: which one a BUS_URL names."""

from shared.bus.transport import Transport


def transport_for(url: str) -> Transport:
    """The transport that a BUS_URL asks for by its scheme; it connects when it is first used."""
    scheme = url.partition("://")[0]
    if scheme in ("amqp", "amqps"):
        from shared.bus.amqp.transport import AmqpTransport  # kombu is loaded by those who need it

        return AmqpTransport(url)
    if scheme in ("redis", "rediss"):
        from shared.bus.redis_streams import RedisStreams

        return RedisStreams(url)
    raise ValueError(f"No transport speaks {scheme}://; what does: redis, rediss, amqp, amqps.")
