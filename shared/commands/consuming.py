"""Celery's consumer, but for two habits: it would wait ever longer for a broker, and declare queues for delays."""

from functools import partial
from typing import Any

from celery.worker.consumer import Consumer
from kombu import Connection

RETRY_SECONDS = 1.0
"""Celery's pauses grow to half a minute, through which a worker would be deaf after its broker has come back."""
DELAYS = "celery.worker.consumer.delayed_delivery:DelayedDelivery"
"""The step that makes queues for delays on RabbitMQ; a delay here is a row's `run_at`."""


class SteadyConsumer(Consumer):
    """Looks for its broker every second, and leaves out the step that it has no use for."""

    class Blueprint(Consumer.Blueprint):
        """The steps of Celery's consumer that are wanted."""

        default_steps = [step for step in Consumer.Blueprint.default_steps if step != DELAYS]

    def ensure_connected(self, conn: Connection) -> Any:
        steady = {"interval_start": RETRY_SECONDS, "interval_step": 0, "interval_max": RETRY_SECONDS}
        conn.ensure_connection = partial(conn.ensure_connection, **steady)
        return super().ensure_connected(conn)
