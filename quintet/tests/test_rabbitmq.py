"""RabbitMQ of a system: what it is told, that it keeps to loopback and its folder and leaves nothing behind."""

import contextlib
import os
import signal
import socket
import stat
import subprocess
from pathlib import Path

import psutil
import pytest

from quintet import binaries, environment, processes, rabbitmq, rabbitmq_data, settings
from quintet.failing import Failed
from quintet.keys import Keys
from quintet.processes import Programs
from quintet.state import Shape, State
from quintet.tests.test_system import Operator
from shared.testing import eventually
from shared.testing.servers import free_port

PORTS = {"auth": 1, "data": 2, "realtime": 3, "mail": 4, "worker": 5, "redis": 6, "smtp": 7, "rabbitmq": 8}
SHAPE = Shape(broker="rabbitmq", ports={**PORTS, "rabbitmq-distribution": 9, "epmd": 10})


@pytest.fixture
def state(tmp_path):
    state = State(tmp_path / "var")
    state.make_folders()
    return state


def test_bus_and_tasks_go_over_it_and_the_cache_stays_with_redis(state):
    keys = Keys(state)
    told = environment.fields("data", state, SHAPE, settings.OperatorSettings(), keys)
    assert told["BUS_URL"] == told["CELERY_URL"] == f"amqp://quintet:{keys.rabbitmq_password}@127.0.0.1:8//"
    assert told["CACHE_URL"].startswith("redis://")


def test_it_writes_into_its_folder_alone_and_its_secrets_are_private(state):
    rabbitmq.write(state, SHAPE, Keys(state))
    folder = state.path("rabbitmq")
    assert {stat.S_IMODE(file.stat().st_mode) for file in folder.iterdir()} <= {0o600, 0o400}
    places = [value for value in rabbitmq.environment(state, SHAPE).values() if value.startswith("/")]
    assert all(value == "/dev/null" or Path(value).is_relative_to(folder) for value in places)


def test_its_processes_stand_in_the_table_only_where_it_was_chosen(state):
    chosen = processes.server_processes(state, SHAPE, Programs(Path("redis"), rabbitmq=Path("rabbitmq-server")))
    assert {"epmd", "rabbitmq"} <= {process.name for process in chosen}
    assert {"epmd", "rabbitmq"} <= set(processes.names(SHAPE))
    assert not {"epmd", "rabbitmq"} & set(processes.names(Shape(ports=PORTS)))


def test_a_program_that_is_named_and_missing_is_said(tmp_path):
    with pytest.raises(Failed, match="RABBITMQ_SERVER names"):
        binaries.rabbitmq(settings.OperatorSettings(rabbitmq_server=tmp_path / "none"))


def test_only_starts_that_failed_one_after_the_other_are_counted():
    failed = ["12:00 [error] <0.2.0> BOOT FAILED", "", "BOOT FAILED", "==========="]
    good = ["  Starting broker... completed with 0 plugins."]
    assert rabbitmq_data.failed_starts([*failed, *good, *failed, *failed]) == 2
    assert rabbitmq_data.failed_starts([*failed, *failed, *good]) == 0


@pytest.mark.slow
@pytest.mark.timeout(600)
def test_a_node_that_was_killed_while_it_began_a_log_starts_again_by_itself(state, node):
    node.start()
    node.kill()
    for write_ahead_log in state.path("rabbitmq").rglob("*.wal"):
        write_ahead_log.write_bytes(b"R")
    starts = 0
    while not node.start():
        starts += 1
        assert starts <= rabbitmq_data.MAX_FAILED_STARTS, node.log.read_text()[-2000:]
    assert starts == rabbitmq_data.MAX_FAILED_STARTS
    assert state.path("rabbitmq", "mnesia.broken").is_dir()


class Node:
    """A RabbitMQ as the process table starts it, without the table."""

    def __init__(self, state: State, program: Path):
        self.shape = Shape(broker="rabbitmq", ports={name: free_port() for name in rabbitmq.PORTS})
        rabbitmq.write(state, self.shape, Keys(state))
        self.command = rabbitmq.command(program, state, self.shape)
        self.environment = {"PATH": os.defpath, **rabbitmq.environment(state, self.shape)}
        self.log = state.path("log", "rabbitmq.log")
        self.epmd = subprocess.Popen(rabbitmq.epmd_command(self.shape))

    def start(self) -> bool:
        """Whether it lets a client in; else it has ended."""
        with self.log.open("a") as log:
            options = {"stdout": log, "stderr": log, "env": self.environment, "start_new_session": True}
            self.process = subprocess.Popen(self.command, **options)
        eventually(lambda: self.process.poll() is not None or self._answers(), within=60, every=0.2)
        return self.process.poll() is None

    def kill(self) -> None:
        """kill -9, with what it started."""
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self.process.pid, signal.SIGKILL)
        self.process.wait(20)
        eventually(lambda: not self._answers())

    def end(self) -> None:
        self.kill()
        self.epmd.kill()
        self.epmd.wait(10)

    def _answers(self) -> bool:
        with contextlib.suppress(OSError):
            socket.create_connection(("127.0.0.1", self.shape.ports["rabbitmq"]), timeout=1).close()
            return True
        return False


@pytest.fixture
def node(state):
    try:
        program = rabbitmq.install()
    except Failed as reason:
        pytest.skip(f"no RabbitMQ here: {reason}")
    node = Node(state, program)
    yield node
    node.end()


@pytest.mark.e2e
@pytest.mark.timeout(900)
def test_a_system_over_rabbitmq_listens_on_loopback_only_and_leaves_nothing_behind(tmp_path):
    try:
        rabbitmq.install()
    except Failed as reason:
        pytest.skip(f"no RabbitMQ here: {reason}")
    operator = Operator(tmp_path / "var")
    try:
        assert "rabbitmq" in operator.types("up", "--broker", "rabbitmq", "--port", "0", "--mail-port", "0")
        lines = [line.split() for line in operator.status().splitlines()]
        assert [line[5] for line in lines if line[0] in ("rabbitmq", "epmd")] == ["yes", "yes"]
        family = [psutil.Process(operator.pid_of(name)) for name in ("rabbitmq", "epmd")]
        family += [child for one in family for child in one.children(recursive=True)]
        assert {address for one in family for address in listening(one)} <= {"127.0.0.1", "::1"}
    finally:
        operator.types("down")
    assert [one for one in family if one.is_running() and one.status() != psutil.STATUS_ZOMBIE] == []


def listening(process: psutil.Process) -> list[str]:
    """The addresses that it listens on."""
    with contextlib.suppress(psutil.NoSuchProcess):
        return [one.laddr.ip for one in process.net_connections("tcp") if one.status == psutil.CONN_LISTEN]
    return []
