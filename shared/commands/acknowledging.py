"""Acknowledging so that a worker never goes deaf: an acknowledgement that fails has the connection made anew.

Celery logs such a failure and goes on. But kombu then counts the message as one in hand for ever, and a worker with as
many lost acknowledgements as it may have messages in hand never asks the broker again, though it lives.
"""

from celery import Task
from celery.utils.log import get_logger
from celery.worker.request import Request

from shared.commands.commands import Commands

NO_ERRORS = ()
"""What is swallowed. A connection error then reaches the worker's loop, which connects again."""

log = get_logger(__name__)


class StrictRequest(Request):
    """A message being worked on; only its last word to the broker differs from Celery's own."""

    def acknowledge(self) -> None:
        if not self.acknowledged:
            self._on_ack(log, NO_ERRORS)
            self.acknowledged = True

    def reject(self, requeue: bool = False) -> None:
        if not self.acknowledged:
            self._on_reject(log, NO_ERRORS, requeue)
            self.acknowledged = True


class StrictTask(Task):
    """The base of every task of ours; `commands` is the table whose rows its messages name."""

    abstract = True
    Request = StrictRequest
    commands: Commands
