"""The brokers that may carry Celery's messages, as a test sees them."""

from kombu import Connection
from kombu.exceptions import KombuError

from shared.testing.rabbit import RabbitServer
from shared.testing.servers import RedisServer

QUEUE = "errands"


class RedisTasks:
    """Over a Valkey of the test's own."""

    def __init__(self, server: RedisServer):
        self.server, self.url = server, server.url
        self.options = {"global_keyprefix": "errands:"}

    def messages(self) -> int:
        """How many wait for a worker."""
        with self.server.client() as client:
            return client.llen(f"errands:{QUEUE}")

    def has_queue(self, name: str) -> bool:
        """Whether there is anything of that name."""
        with self.server.client() as client:
            return bool(client.exists(f"errands:{name}"))

    def flush(self) -> None:
        with self.server.client() as client:
            client.flushall()

    def stop(self) -> None:
        self.server.stop(lose_file=True)

    def start(self) -> None:
        self.server.start()


class RabbitTasks:
    """Over the run's RabbitMQ; it forgets the queue only, since it is shared."""

    def __init__(self, server: RabbitServer):
        self.server, self.url, self.options = server, server.url, {}
        if server.process is None:
            server.start()
        self.flush()

    def messages(self) -> int:
        """How many wait for a worker; none where there is no queue."""
        return self._count(QUEUE) or 0

    def has_queue(self, name: str) -> bool:
        """Whether there is a queue of that name."""
        return self._count(name) is not None

    def _count(self, name: str) -> int | None:
        with Connection(self.url) as connection, connection.channel() as channel:
            try:
                return channel.queue_declare(name, passive=True).message_count
            except (*connection.channel_errors, KombuError):
                return None

    def flush(self) -> None:
        self.server.delete_queues([QUEUE])

    def stop(self) -> None:
        self.server.stop(lose_file=True)

    def start(self) -> None:
        self.server.start()
