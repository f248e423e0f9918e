"""Commands per second through one worker, next to a bare Celery task that does the same two commits.

One Celery worker with one thread and a service's settings; the two kinds take turns in it. A command is claimed in one
transaction and finished in the next; the bus role of another process sends its message as it falls due, and time begins
with the commit that submits all. The bare task says `UPDATE … SET state = 'running'` and COMMIT, then `'succeeded'` and
COMMIT, in SQLAlchemy sessions, for a row of the same shape: no lease, fence, trace, retry or log. Its time begins when
all its messages wait. Needs no running system.
"""

import time
from types import SimpleNamespace

import sqlalchemy as sa
from celery import Celery
from redis import Redis

from bench.cores import MEASURED, SERVERS, pin
from bench.figures import COMPARED, compared, show
from bench.roles import process, role_of
from bench.stage import Rate, Stage, kinds, options, say, stage, timed, until, url_of
from shared.bus import Handlers
from shared.bus.poke import Poker
from shared.bus.redis_streams import RedisStreams
from shared.commands import CommandColumns, Commands
from shared.commands.celery_app import make_celery
from shared.commands.performing import performs
from shared.commands.sending import CommandSender
from shared.database import Database, model_base
from shared.ids import new_id

SERVICE, BARE, HELD = "errands", "bare.run", "held"
WARM = 50
BLANK = {"trace_id": "0" * 31 + "1", "traceparent": f"00-{'0' * 31}1-{'0' * 15}1-01"}
Base = model_base()


class Errand(CommandColumns, Base):
    """A command that has nothing to do."""

    __tablename__ = "errands"


class BareErrand(CommandColumns, Base):
    """The bare task's row, of the same shape and with the same indexes: the same two commits."""

    __tablename__ = "bare_errands"
    __table_args__ = sa.Index("ix_bare_state_run_at", "state", "run_at"), sa.Index("ix_bare_trace", "trace_id")


def main() -> None:
    choice = options(__doc__, events=1_500, at_most=20_000).parse_args()
    rows = [measure(kind, choice) for kind in kinds(choice)]
    where = f"worker on core {MEASURED}; the sending bus role, Valkey and PostgreSQL on core {SERVERS}"
    show(f"{choice.events} commands a round through one worker; {where}", ["database", *COMPARED], rows)


def measure(kind: str, choice) -> list[object]:
    with stage(kind) as on:
        pin(SERVERS)  # this process only waits
        Base.metadata.create_all(on.ours.engine)
        on.ours.session_info["poke"] = Poker(RedisStreams(on.broker), SERVICE).poke
        at = url_of(on.ours), on.broker
        with process(MEASURED, work, *at) as worker, process(SERVERS, send, *at):
            bench = Round(on, worker.pid)
            bench.run(-1, WARM)
            taken = [bench.run(turn, choice.events) for turn in range(choice.rounds)]
    return [kind, *compared(*zip(*taken, strict=True))]


def errands(database: Database) -> Commands:
    """The commands, with the patience of any service's."""
    return Commands(Errand, database, task="errands.run", queue=SERVICE)


def celery(broker: str, database: Database | None = None) -> Celery:
    """A service's Celery app."""
    settings = SimpleNamespace(celery_url=broker)
    return make_celery(SERVICE, settings, pool="threads", concurrency=1, database=database)


def work(url: str, broker: str) -> None:
    """The worker's process: both kinds of task, one thread."""
    database = Database().connect(url)
    app = celery(broker, database)

    @performs(errands(database), app)
    def nothing(_claim) -> None:
        """Is done at once: the claim is finished in a transaction of its own."""

    @app.task(name=BARE)
    def bare(row_id: str) -> None:
        for state in ("running", "succeeded"):
            with database.transaction() as session:
                session.execute(sa.update(BareErrand).where(BareErrand.id == row_id).values(state=state))

    app.Worker(queues=[SERVICE], without_gossip=True, without_mingle=True, without_heartbeat=True, quiet=True).start()


def send(url: str, broker: str) -> None:
    """The process of the bus role that sends the commands."""
    database = Database().connect(url)
    role = role_of(SERVICE, broker, database, Handlers(SERVICE), database)
    role.senders = [CommandSender(errands(database), database, celery(broker)).step]
    role.run()


class Round:
    """Some commands, then as many bare tasks."""

    def __init__(self, on: Stage, worker: int):
        self.on, self.worker, self.commands, self.celery = on, worker, errands(on.ours), celery(on.broker)
        self.redis = Redis.from_url(on.broker)

    def run(self, turn: int, count: int) -> tuple[Rate, Rate]:
        """How fast each was, and what CPU it took the worker."""
        say(self.on.kind, turn, f"{count} commands")
        with self.on.ours.transaction() as session:
            for _ in range(count):
                self.commands.submit(session)
        ours = timed(lambda: self.await_done(Errand, count), count, pid=self.worker)
        say(self.on.kind, turn, f"{count} bare tasks")
        self.hold_bare(count)
        self.redis.rename(f"{SERVICE}:{HELD}", f"{SERVICE}:{SERVICE}")
        bare = timed(lambda: self.await_done(BareErrand, count), count, pid=self.worker)
        return ours, bare

    def hold_bare(self, count: int) -> None:
        """Rows and messages of the bare task, in a queue beside the worker's."""
        ids = [new_id() for _ in range(count)]
        with self.on.ours.transaction() as session:
            session.execute(sa.insert(BareErrand), [{"id": id_, **BLANK} for id_ in ids])
        for id_ in ids:
            self.celery.send_task(BARE, kwargs={"row_id": id_}, queue=HELD)

    def await_done(self, model: type, count: int) -> None:
        """Waits until as many rows have ended well, and deletes them; ends with status 1 when one did not."""

        def left() -> int:
            time.sleep(0.02)
            with self.on.ours.reading() as session:
                return session.scalar(sa.select(sa.func.count()).where(model.state != "succeeded"))

        until(lambda: not left(), "all is done", seconds=120)
        with self.on.ours.transaction() as session:
            if (gone := session.execute(sa.delete(model)).rowcount) != count:
                raise SystemExit(f"{count} of {model.__tablename__} were made, {gone} are there")


if __name__ == "__main__":
    main()
