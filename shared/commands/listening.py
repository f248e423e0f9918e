"""Whether a Celery worker still hears its broker: messages wait, a slot is free, and none has arrived for too long."""

import time
from collections.abc import Callable

from celery import Celery, signals
from celery.worker import state

from shared.logs import get
from shared.progress import DEAF_SECONDS

LOOK_SECONDS = 4.0
SHORT = {"socket_timeout": 2.0, "socket_connect_timeout": 1.0, "max_retries": 0}  # what Redis is told, and RabbitMQ:
SHORT |= {"read_timeout": 2.0, "write_timeout": 2.0}

log = get("commands")


class Hearing:
    """A sign for the pulse of a worker. One that is all busy, whose broker is silent, or that ends, is not deaf."""

    def __init__(self, celery_app: Celery, *, clock: Callable[[], float] = time.monotonic):
        self._app, self._clock = celery_app, clock
        self._look_at = 0.0
        self._waits_since: float | None = None
        signals.task_received.connect(self._hear, weak=False)

    def __call__(self) -> str | None:
        now = self._clock()
        if now >= self._look_at:
            self._look_at = now + LOOK_SECONDS
            self._look(now)
        since = self._waits_since
        if since is None or now - since < DEAF_SECONDS:
            return None
        return f"messages wait for {now - since:.0f} s and none is received"

    def _look(self, now: float) -> None:
        if not (self.has_free_slot() and self.messages_wait()):
            self._waits_since = None
        elif self._waits_since is None:
            self._waits_since = now

    def has_free_slot(self) -> bool:
        """Whether the worker could take one more message; one that was told to end takes none."""
        return state.should_stop is None and len(state.active_requests) < int(self._app.conf.worker_concurrency)

    def messages_wait(self) -> bool:
        """Whether the broker holds messages that no worker has taken; False when it does not say."""
        options = {**self._app.conf.broker_transport_options, **SHORT}
        with self._app.connection_for_read(transport_options=options) as connection:
            try:
                channel = connection.channel()
                # on Redis declaring makes nothing, and kombu looks for a passive one without its key prefix
                is_passive = connection.transport.driver_type != "redis"
                names = list(self._app.amqp.queues.consume_from)
                declared = [channel.queue_declare(name, passive=is_passive) for name in names]
                return any(queue.message_count > 0 for queue in declared)
            except (*connection.connection_errors, *connection.channel_errors) as error:
                log.debug("the broker does not say what waits", error=type(error).__name__)
                return False

    def _hear(self, **_: object) -> None:
        self._waits_since = None
