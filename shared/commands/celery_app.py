"""The Celery app of a service, with the settings under which a message may be lost or doubled but never trusted."""

import logging
from pathlib import Path
from typing import Any, Literal

from celery import Celery
from celery.signals import beat_init, setup_logging, worker_process_init, worker_ready

from shared.commands.brokers import ON_RABBIT, BoundedAMQP, is_amqp, transport_options
from shared.database import Database
from shared.logs import get
from shared.progress import Pulse

SAFE = {
    "task_serializer": "json",
    "accept_content": ["json"],
    "task_ignore_result": True,
    "task_store_errors_even_if_ignored": False,
    "task_acks_late": True,
    "task_reject_on_worker_lost": True,
    "task_send_sent_event": False,
    "worker_send_task_events": False,
    "worker_prefetch_multiplier": 1,
    "worker_enable_prefetch_count_reduction": False,  # its end asks RabbitMQ from a thread beside the one that reads
    "worker_consumer": "shared.commands.consuming:SteadyConsumer",
    "worker_max_tasks_per_child": 1000,
    "worker_max_memory_per_child": 600_000,  # KiB; threads have no child, these two are for prefork
    "worker_soft_shutdown_timeout": 10.0,
    "worker_enable_soft_shutdown_on_idle": True,
    "worker_cancel_long_running_tasks_on_connection_loss": False,  # the row's fence decides, not the connection
    "worker_enable_remote_control": False,  # whoever reaches the broker must not command the workers
    "worker_hijack_root_logger": False,
    "worker_redirect_stdouts": False,
    "broker_connection_retry_on_startup": True,
    "broker_connection_max_retries": None,
    "broker_connection_timeout": 2,
    "timezone": "UTC",
    "enable_utc": True,
}


def make_celery(
    service: str,
    settings: Any,
    *,
    pool: Literal["threads", "prefork"] = "prefork",
    concurrency: int = 2,
    database: Database | None = None,
) -> Celery:
    """A service's Celery app; `database` is the one its tasks use, so that a forked child opens its own connections.

    `threads` for work that waits (SMTP, HTTP) and is bounded by its own time-outs: one process, no child to keep in
    memory. `prefork` for work that computes or reads strangers' files: a child that hangs, grows or crashes is killed
    by its time limit or the kernel without its siblings, and its command runs again.
    """
    celery_app = Celery(service, broker=settings.celery_url, amqp=BoundedAMQP, set_as_current=False)
    celery_app.conf.update(SAFE, worker_pool=pool, worker_concurrency=concurrency, task_default_queue=service)
    celery_app.conf.update(ON_RABBIT if is_amqp(settings.celery_url) else {})
    celery_app.conf.broker_transport_options = transport_options(service, settings.celery_url)
    setup_logging.connect(_leave_logging_alone, weak=False)
    worker_ready.connect(_say_ready, weak=False)
    progress_file = getattr(settings, "progress_file", None)
    worker_ready.connect(lambda **_: _watch(celery_app, progress_file), weak=False)
    beat_init.connect(lambda **_: Pulse(progress_file).start(), weak=False)
    if database is not None:
        worker_process_init.connect(lambda **_: database.engine.dispose(close=False), weak=False)
    return celery_app


def _leave_logging_alone(**_: Any) -> None:
    """A receiver's presence keeps Celery from setting up logging of its own, whose lines would repeat ours."""
    for name in ("celery.worker.strategy", "celery.app.trace"):
        logging.getLogger(name).setLevel(logging.WARNING)


def _watch(celery_app: Celery, progress_file: Path | None) -> None:
    from shared.commands.ending import Ending  # the bus role, which only sends, never loads Celery's worker
    from shared.commands.listening import Hearing

    Ending()
    Pulse(progress_file, [Hearing(celery_app)]).start()


def _say_ready(**_: Any) -> None:
    get("commands").info("worker ready")
