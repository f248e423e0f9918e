"""The table of processes: every one that a system consists of, how it is started and how it shows that it is ready."""

import sys
from dataclasses import dataclass, field
from pathlib import Path

from quintet import rabbitmq
from quintet.state import ROOT, SERVICES, Shape, State

QUEUES = {  # the services with slow work, and the Celery queue it comes by
    **{name: name for name in SERVICES if any((ROOT / "services" / name).glob("tasks*"))},
    "worker": "jobs",
}
SOCKET_SERVICES = {"realtime"}  # who holds connections open, and so runs on gevent
SERVERS, ROLES, GATEWAY = 0, 1, 2  # what must stand before what
WATCHDOGS = ("watchdog", "watchdog-2")  # each watches the other, too


@dataclass(frozen=True)
class Process:
    """One process; it is ready when its `url` answers 200, its `port` accepts, or its log has said `line`.

    It is alive while `alive_url` answers anything; where it `moves`, while it touches its progress file too.
    """

    name: str
    command: list[str]
    stage: int = ROLES
    service: str | None = None
    port: int | None = None
    url: str | None = None
    alive_url: str | None = None
    is_tls: bool = False
    line: str | None = None
    moves: bool = False
    grace_seconds: int = 15
    stop_signal: str = "TERM"
    user: str | None = None
    environment: dict[str, str] = field(default_factory=dict)


def names(shape: Shape) -> list[str]:
    """The names of all processes of a shape, without the programs behind them."""
    servers = ["redis", *(["epmd", "rabbitmq"] if shape.broker == "rabbitmq" else [])]
    servers += [*(["postgres"] if shape.database == "postgres" else []), "mail-catcher"]
    apis = [name for service in SERVICES for name in instances(service, shape)]
    buses = [name for service in SERVICES for name in instances(f"{service}-bus", shape)]
    tasks = [name for service in QUEUES for name in instances(f"{service}-tasks", shape)]
    return [*servers, *apis, *buses, *tasks, "beat", "gateway", *WATCHDOGS]


def instances(name: str, shape: Shape) -> list[str]:
    """`data` alone, or `data`, `data-2`, … where several are wanted."""
    return [name, *(f"{name}-{number}" for number in range(2, shape.count(name) + 1))]


def scalable() -> set[str]:
    """What may run more than once."""
    return {*SERVICES, *(f"{name}-bus" for name in SERVICES), *(f"{name}-tasks" for name in QUEUES)}


def service_processes(shape: Shape) -> list[Process]:
    """Every role of every service."""
    found = []
    for service in SERVICES:
        found += [_api(name, service, shape) for name in instances(service, shape)]
        found += [_bus(name, service, shape) for name in instances(f"{service}-bus", shape)]
        if service in QUEUES:
            found += [_tasks(name, service) for name in instances(f"{service}-tasks", shape)]
    return [*found, _beat()]


def watchdogs(state: State) -> list[Process]:
    """Who kills what is stopped or deaf; begun last, when there is something to watch over."""
    return [_watchdog(name, state) for name in WATCHDOGS]


@dataclass(frozen=True)
class Programs:
    """The servers' programs; None for what was not chosen. PostgreSQL's is a folder, and it may need another user."""

    redis: Path
    postgres: Path | None = None
    postgres_user: str | None = None
    rabbitmq: Path | None = None


def server_processes(state: State, shape: Shape, programs: Programs) -> list[Process]:
    """What the services stand on: Redis, RabbitMQ and PostgreSQL where they were chosen, the mail catcher."""
    found = [_redis(state, shape, programs.redis), _catcher(shape)]
    if programs.rabbitmq is not None:
        found += _rabbitmq(state, shape, programs.rabbitmq)
    if programs.postgres is not None:
        found.append(_postgres(state, shape, programs.postgres, programs.postgres_user))
    return found


def watched(state: State, shape: Shape) -> list[Process]:
    """The whole table for one who only asks how the processes are."""
    postgres = Path("postgres") if shape.database == "postgres" else None
    broker = Path("rabbitmq") if shape.broker == "rabbitmq" else None
    servers = server_processes(state, shape, Programs(Path("redis"), postgres, rabbitmq=broker))
    gateway = gateway_process(state, shape, Path("nginx"))
    return [*servers, *service_processes(shape), gateway, *watchdogs(state)]


def gateway_process(state: State, shape: Shape, nginx: Path) -> Process:
    """nginx, which asks for its configuration within the state folder; first it ends what a killed one has left."""
    command = [sys.executable, "-m", "quintet.succeeding", str(nginx), "-p", f"{state.folder}/"]
    command += ["-c", "run/gateway/nginx.conf", "-e", "stderr"]
    asked = {"port": shape.port, "url": "/healthz", "alive_url": "/healthz", "is_tls": shape.tls}
    return Process("gateway", command, GATEWAY, **asked)


def flask(service: str, *words: str) -> list[str]:
    """One of a service's own commands."""
    return [sys.executable, "-m", "flask", "--app", f"services.{service}.app", *words]


def _settings(service: str, name: str = "") -> dict[str, str]:
    """Where a process reads its settings and, where it has a name here, says that it moves."""
    moves = {"PROGRESS_FILE": progress_file(name)} if name else {}
    return {"SETTINGS_FILE": f"settings/{service}.env", **moves}


def progress_file(name: str) -> str:
    """The file within the state folder that a process touches while it moves."""
    return f"run/progress/{name}"


def _api(name: str, service: str, shape: Shape) -> Process:
    kind = ["gevent", "--worker-connections", "10000"] if service in SOCKET_SERVICES else ["gthread", "--threads", "8"]
    command = [sys.executable, "-m", "gunicorn", f"services.{service}.app:create_app()"]
    command += ["--config", str(ROOT / "services/gunicorn.conf.py"), "--bind", f"127.0.0.1:{shape.ports[name]}"]
    command += ["--workers", "1", "--worker-class", *kind]
    moves = service in SOCKET_SERVICES  # it reads the bus by itself
    environment = _settings(service, name if moves else "")
    asked = {"port": shape.ports[name], "url": "/readyz", "alive_url": "/healthz"}
    return Process(name, command, service=service, moves=moves, environment=environment, **asked)


def _bus(name: str, service: str, shape: Shape) -> Process:
    port, environment = shape.ports[service], _settings(service, name)  # its service's API tells whether a relay leads
    command = flask(service, "bus")
    asked = {"port": port, "url": "/readyz/bus"}
    return Process(name, command, service=service, moves=True, environment=environment, **asked)


def _tasks(name: str, service: str) -> Process:
    command = [sys.executable, "-m", "celery", "-A", f"services.{service}.tasks.app", "worker", "-Q", QUEUES[service]]
    command += ["--hostname", f"{name}@%h", "--without-gossip", "--without-mingle", "--without-heartbeat"]
    said = {"line": "worker ready", "moves": True, "grace_seconds": 20}
    return Process(name, command, service=service, environment=_settings(service, name), **said)


def _beat() -> Process:
    command = [sys.executable, "-m", "celery", "-A", "services.worker.tasks.app", "beat", "--pidfile="]
    command += ["--scheduler", "services.worker.schedule:DatabaseScheduler"]
    said = {"line": "beat: Starting", "moves": True}
    return Process("beat", command, service="worker", environment=_settings("worker", "beat"), **said)


def _watchdog(name: str, state: State) -> Process:
    command = [sys.executable, "-m", "quintet.watchdog", "--state", str(state.folder)]
    command += ["--progress-file", progress_file(name)]
    return Process(name, command, GATEWAY, line="watchdog runs", moves=True)


def _redis(state: State, shape: Shape, program: Path) -> Process:
    read_from_stdin = f'exec "$0" - < "{state.path("run", "redis.conf")}"'  # a file it knew of, it could write over
    return Process("redis", ["/bin/sh", "-c", read_from_stdin, str(program)], SERVERS, port=shape.ports["redis"])


def _postgres(state: State, shape: Shape, programs: Path, user: str | None) -> Process:
    command = [str(programs / "postgres"), "-D", str(state.path("postgres")), "-p", str(shape.ports["postgres"])]
    command += ["-h", "127.0.0.1", "-k", ""]
    return Process("postgres", command, SERVERS, port=shape.ports["postgres"], stop_signal="INT", user=user)


def _rabbitmq(state: State, shape: Shape, program: Path) -> list[Process]:
    command, environment = rabbitmq.command(program, state, shape), rabbitmq.environment(state, shape)
    asked = {"port": shape.ports["rabbitmq"], "grace_seconds": 20}
    return [
        Process("epmd", rabbitmq.epmd_command(shape), SERVERS, port=shape.ports["epmd"]),
        Process("rabbitmq", command, SERVERS, environment=environment, **asked),
    ]


def _catcher(shape: Shape) -> Process:
    command = [sys.executable, "-m", "quintet.mailcatcher", "--smtp-port", str(shape.ports["smtp"])]
    command += ["--http-port", str(shape.mail_port), "--folder", "mails"]
    return Process("mail-catcher", command, SERVERS, port=shape.mail_port, url="/messages", alive_url="/messages")
