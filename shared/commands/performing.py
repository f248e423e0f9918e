"""Performing: a Celery task that claims the row its message names, does the work, and writes down how it went."""

import time
from collections.abc import Callable
from functools import partial
from typing import Any

from celery import Celery

from shared import trace
from shared.commands.acknowledging import StrictTask
from shared.commands.claims import Claim, LeaseLost
from shared.commands.commands import Commands
from shared.commands.failures import describe
from shared.commands.persisting import persist
from shared.commands.renewal import Renewal
from shared.logs import get

Work = Callable[[Claim], Any]

log = get("commands")


def performs(commands: Commands, celery_app: Celery, **options: Any) -> Callable[[Work], Work]:
    """Registers the function that does the work of these commands; `options` are Celery's (time_limit, ...).

    Returning ends the command (in a transaction of its own unless it called `claim.finishing()`), raising has it
    tried again, raising GiveUp ends it at once. It must be safe to run twice.
    """

    def register(work: Work) -> Work:
        @celery_app.task(name=commands.task, base=StrictTask, commands=commands, **options)
        def run(**message: str) -> None:
            perform(commands, message["id"], work)

        return work

    return register


def perform(commands: Commands, command_id: str, work: Work) -> None:
    """One attempt at a command, if it is this worker's to make: a doubled or late message does nothing.

    While the database is away the message is kept in hand for as long as none is sent in its place.
    """
    claim = persist(partial(commands.claim, command_id), seconds=commands.resend_seconds, what="claim")
    if claim is None:
        log.debug("message without work", task=commands.task, command_id=command_id)
        return
    with trace.begin(claim.row.traceparent, actor=claim.row.actor_id, causation=claim.id):
        _attempt(claim, work)


def _attempt(claim: Claim, work: Work) -> None:
    told = {"task": claim.commands.task, "command_id": claim.id, "attempt": claim.attempt}
    log.info("task started", **told)
    begun = time.monotonic()
    state = _outcome(claim, work)
    log.info("task ended", state=state, seconds=round(time.monotonic() - begun, 3), **told)


def _outcome(claim: Claim, work: Work) -> str:
    try:
        with Renewal(claim):
            work(claim)
            if not claim.is_finished:
                persist(claim.finish, seconds=claim.commands.lease_seconds, what="finish")
            return claim.row.state
    except LeaseLost:
        return "lost"
    except Exception as error:
        log.warning("task failed", command_id=claim.id, error=describe(error), where=_where(error))
        return _write_down(claim, error)


def _write_down(claim: Claim, error: Exception) -> str:
    """An error after the command was finished changes nothing any more."""
    if claim.is_finished:
        return claim.row.state
    try:
        return persist(partial(claim.fail, error), seconds=claim.commands.lease_seconds, what="fail")
    except LeaseLost:
        return "lost"


def _where(error: BaseException) -> str:
    """The innermost line: it helps the reader of a log, and unlike a traceback's text it holds no values."""
    innermost = error.__traceback__
    while innermost is not None and innermost.tb_next:
        innermost = innermost.tb_next
    return f"{innermost.tb_frame.f_code.co_filename}:{innermost.tb_lineno}" if innermost else ""
