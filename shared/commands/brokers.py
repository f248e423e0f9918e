"""What differs between the brokers that may carry Celery's messages: connection options, and the queues."""

from typing import Any

from celery.app.amqp import AMQP, Queues
from kombu import Queue

VISIBILITY_SECONDS = 3600
"""Longer than any task's time limit; a lost worker's row is sent again when its lease ends, long before this."""
MAX_MESSAGES = 10_000
ON_RABBIT = {"broker_heartbeat": 10}
"""RabbitMQ forgets a worker that has been silent for two heartbeats."""
CANCEL = {"x-cancel-on-ha-failover": True}
"""Has RabbitMQ say so when a consumer's queue is gone. Else, where another makes the queue anew at once, it moves the
consumer there by itself, and of a quorum queue nothing more reaches it; those don't know the argument."""


def is_amqp(url: str) -> bool:
    """Whether Celery's messages travel by RabbitMQ."""
    return url.startswith(("amqp://", "amqps://"))


def transport_options(service: str, url: str) -> dict[str, Any]:
    """kombu's options for a broker."""
    if is_amqp(url):
        return {"confirm_publish": True}
    return {
        "global_keyprefix": f"{service}:",
        "visibility_timeout": VISIBILITY_SECONDS,
        "unacked_restore_interval": 1,
        "unacked_restore_throttle": 1,
        "socket_timeout": 30,
        "socket_connect_timeout": 2,
        "socket_keepalive": True,
        "health_check_interval": 10,
    }


class BoundedQueues(Queues):
    """Queues that drop their oldest message when they are full: it is a hint, whose row is sent again."""

    def new_missing(self, name: str) -> Queue:
        bounds = {"x-max-length": MAX_MESSAGES, "x-overflow": "drop-head"}
        return Queue(name, self.autoexchange(name), name, queue_arguments=bounds, consumer_arguments=CANCEL)


class BoundedAMQP(AMQP):
    """Celery's own, but for the queues."""

    queues_cls = BoundedQueues
