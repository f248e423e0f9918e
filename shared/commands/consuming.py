"""Celery's consumer, but for its habits: to wait ever longer for a broker, to declare queues for delays, to be deaf."""

from functools import partial
from typing import Any

from amqp import Channel, ConsumerCancelled
from celery.worker.consumer import Consumer
from kombu import Connection

RETRY_SECONDS = 1.0
"""Celery's pauses grow to half a minute, through which a worker would be deaf after its broker has come back."""
DELAYS = "celery.worker.consumer.delayed_delivery:DelayedDelivery"
"""The step that makes queues for delays on RabbitMQ; a delay here is a row's `run_at`."""


class SteadyConsumer(Consumer):
    """Looks for its broker every second, leaves out the step that it has no use for, and hears that a queue is gone."""

    class Blueprint(Consumer.Blueprint):
        """The steps of Celery's consumer that are wanted."""

        default_steps = [step for step in Consumer.Blueprint.default_steps if step != DELAYS]

    def ensure_connected(self, conn: Connection) -> Any:
        steady = {"interval_start": RETRY_SECONDS, "interval_step": 0, "interval_max": RETRY_SECONDS}
        conn.ensure_connection = partial(conn.ensure_connection, **steady)
        return super().ensure_connected(conn)

    def on_ready(self) -> None:
        """Told when the queues are consumed. Celery swallows what RabbitMQ says in the first tenth of a second."""
        channel = self.task_consumer.channel
        if isinstance(channel, Channel):
            channel.cancel_callbacks.update(dict.fromkeys(channel.callbacks, self._connect_again))
        super().on_ready()

    def _connect_again(self, consumer_tag: str) -> None:
        """A queue was deleted: connecting again declares it."""
        self.hub.call_soon(_raise, ConsumerCancelled(consumer_tag))


def _raise(error: Exception) -> None:
    raise error
