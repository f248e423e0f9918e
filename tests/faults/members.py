"""The processes of the system under test, each in a child of its own: api, bus role, handling services, worker."""

import os
import signal
import sys
import time
from dataclasses import dataclass
from functools import partial
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any, ClassVar

import psycopg
from sqlalchemy import event
from sqlalchemy.engine import Engine
from werkzeug.serving import make_server

from shared import logs, progress
from shared.bus import Bus, Handlers
from shared.bus.consuming import watch
from shared.bus.decisions import queueing
from shared.bus.source import relay
from shared.commands.celery_app import make_celery
from shared.commands.performing import performs
from shared.database import Database
from shared.settings import Settings
from shared.web import create_service
from tests.faults.bank import READERS, SOURCE, Booked, End, Line, entries_resource, errands_of
from tests.faults.broken_rules import RULES
from tests.faults.steps import step_named
from tests.faults.watching import Leash, Watch

LEASE_SECONDS = 1.0
STEP_SECONDS = 300.0
"""So long a process may stand at its step without taking itself for deaf."""
IDLE_IN_TRANSACTION = "1500ms"
"""So long PostgreSQL lets a transaction stand still here; 30 s in production."""
MAX_STARTS = 2
"""So many times an event may take the process down with it before it is parked; 5 in production."""
STUBBORN_TIMES = 3
"""So often a stubborn event fails in one service before it is taken."""


class BankSettings(Settings):
    """What a process of the bank is told."""

    service: ClassVar[str] = SOURCE


@dataclass
class Orders:
    """What a process is started with."""

    role: str
    service: str
    settings: dict[str, Any]
    folder: Path
    step: str = ""
    left_out: str = ""
    """The rule to break."""


def live(orders: Orders, pipe: Connection) -> None:
    """The life of a child: its log in the cell's folder, short times, the watch at its step, its role."""
    log = os.open(orders.folder / f"{orders.service}-{orders.role}-{os.getpid()}.log", os.O_CREAT | os.O_WRONLY)
    os.dup2(log, 1)
    os.dup2(log, 2)
    sys.stdout = sys.stderr = os.fdopen(1, "w", buffering=1, closefd=False)
    _shorten()
    if orders.left_out:
        RULES[orders.left_out][0]()
    {"api": _api, "bus": _bus, "worker": _worker}[orders.role](orders, pipe)


def _shorten() -> None:
    """The waits of production, shortened: the same code paths within a second; but for the one of the harness."""
    queueing.FIRST_PAUSE_SECONDS, queueing.LONGEST_PAUSE_SECONDS, queueing.MAX_ATTEMPTS = 0.02, 0.05, 6
    watch.STALE_SECONDS, watch.ASK_SECONDS = 1.0, 0.3
    relay.RETRY_SECONDS = 0.3
    progress.stuck_loops = partial(progress.stuck_loops, after=STEP_SECONDS)
    queueing.MAX_STARTS = MAX_STARTS

    end_idle_transactions_soon()


def end_idle_transactions_soon() -> None:
    """PostgreSQL's time-out for transactions that stand still, shortened."""

    @event.listens_for(Engine, "connect")
    def let_idle_transactions_end_soon(connection, _record):
        if isinstance(connection, psycopg.Connection):
            connection.execute(f"SET idle_in_transaction_session_timeout = '{IDLE_IN_TRANSACTION}'")
            connection.commit()


def _service(orders: Orders, handlers: Handlers | None = None):
    settings = BankSettings(**orders.settings)
    app = create_service(orders.service, settings, fetch_keys=dict)
    database, bus = Database(), Bus()
    database.init_app(app, settings)
    commands = [errands_of(database)] if orders.service == SOURCE else []
    bus.init_app(app, settings, database=database, handlers=handlers, commands=commands)
    return app, bus, commands


def _watch(orders: Orders, pipe: Connection, transport: Any = None) -> None:
    leash = Leash(pipe)
    if orders.step:
        Watch(step_named(orders.step), leash, transport).arm()


def _api(orders: Orders, pipe: Connection) -> None:
    app, bus, commands = _service(orders)
    app.extensions["api"].add_resource(entries_resource(commands[0]), "/entries")
    _watch(orders, pipe, bus.transport)
    server = make_server("127.0.0.1", 0, app, threaded=True)
    signal.signal(signal.SIGTERM, lambda *_: os._exit(0))
    pipe.send(server.server_port)
    server.serve_forever()


def _bus(orders: Orders, pipe: Connection) -> None:
    handlers = None if orders.service == SOURCE else handlers_of(orders.service, orders.folder)
    _, bus, _ = _service(orders, handlers)
    role = bus.role()
    role.relay.leases.seconds = LEASE_SECONDS
    role.consumer.step = partial(role.consumer.step, wait_seconds=0.2)
    _watch(orders, pipe, bus.transport)
    pipe.send("ready")
    sys.exit(role.run())


def handlers_of(service: str, folder: Path) -> Handlers:
    """What a handling service does about an entry: a line, unless the entry's kind forbids."""
    handlers = Handlers(service)

    @handlers.on(Booked)
    def write_a_line(session, booked, _envelope):
        if booked.kind == "poison":
            raise ValueError("nobody can take this")
        if booked.kind == "stubborn" and _tries(folder / f"{service}-{booked.amount}") <= STUBBORN_TIMES:
            raise RuntimeError("not yet")
        if booked.kind == "deadly" and service == READERS[0]:
            os.kill(os.getpid(), signal.SIGKILL)
        session.add(Line(account=booked.account, amount=booked.amount))

    return handlers


def _tries(file: Path) -> int:
    """How often this was tried, counted outside the transaction, which a failed try rolls back."""
    with file.open("a") as marks:
        marks.write("x")
    return file.stat().st_size


def _worker(orders: Orders, pipe: Connection) -> None:
    logs.configure(SOURCE, role="tasks")
    settings = BankSettings(**orders.settings)
    database = Database().connect(settings.database_url)
    errands = errands_of(database)
    app = make_celery(SOURCE, settings, pool="threads", concurrency=2, database=database)
    performs(errands, app)(lambda claim: do_errand(claim))  # looked up when it runs: the watch may stand before it
    _watch(orders, pipe)
    pipe.send("ready")
    app.worker_main(["worker", "-Q", errands.queue, "-n", f"{os.getpid()}@localhost", "--loglevel", "INFO",
                     "--without-gossip", "--without-mingle", "--without-heartbeat"])  # fmt: skip


def do_errand(claim) -> None:
    """The work of an errand; a long one outlasts its lease, which must be renewed meanwhile."""
    if claim.row.kind == "long":
        time.sleep(LEASE_SECONDS * 1.3)
    with claim.finishing() as session:
        session.add(End(errand_id=claim.id, how="done"))
