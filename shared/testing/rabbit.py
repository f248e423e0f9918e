"""A real RabbitMQ for tests: a node of the test run's own, every port of it on loopback, nothing of it left behind."""

import os
import secrets
import shutil
import signal
import subprocess
import tempfile
from contextlib import suppress
from pathlib import Path

from kombu import Connection
from kombu.exceptions import KombuError

from shared.testing.servers import free_port
from shared.testing.waiting import eventually

ROOT = Path(__file__).resolve().parents[2]
CONFIGURATION = """
listeners.tcp.1 = 127.0.0.1:{port}
default_user = quintet
default_pass = {password}
vm_memory_high_watermark.absolute = 512MB
disk_free_limit.absolute = 50MB
log.console = true
log.console.level = warning
"""


class NoRabbit(Exception):
    """RabbitMQ can't be had here; the text says why."""


def rabbit_program() -> Path:
    """Debian's program, installed where it is missing and that is possible. Raises NoRabbit."""
    done = subprocess.run([str(ROOT / "bin/install-rabbitmq")], capture_output=True, text=True, check=False)
    if done.returncode:
        raise NoRabbit((done.stderr or done.stdout).strip())
    debian = Path("/usr/lib/rabbitmq/bin/rabbitmq-server")  # the one on PATH insists on a user of its own
    return debian if debian.exists() else Path(shutil.which("rabbitmq-server") or debian)


class RabbitServer:
    """One node with its epmd; it can be stopped and started again, with or without its data, frozen and emptied."""

    def __init__(self) -> None:
        self.program = rabbit_program()
        self.folder = Path(tempfile.mkdtemp(prefix="quintet-rabbit-"))
        self.port, self._password = free_port(), f"p{secrets.token_hex(8)}"
        self.url = f"amqp://quintet:{self._password}@127.0.0.1:{self.port}//"
        self.data = self.folder / "mnesia"
        self.process: subprocess.Popen | None = None
        self._epmd: subprocess.Popen | None = None
        self._environment = self._settings()

    def start(self) -> "RabbitServer":
        """Returns when it lets a client in."""
        if self._epmd is None:
            epmd = ["epmd", "-address", "127.0.0.1", "-port", self._environment["ERL_EPMD_PORT"]]
            self._epmd = self._run(epmd, "epmd.log")
        self.process = self._run([str(self.program)], "node.log")
        eventually(self._lets_in, within=240, every=0.1)
        return self

    def stop(self, *, lose_file: bool = False) -> None:
        """Kills the node, as a machine does that loses its power."""
        if self.process is not None:
            with suppress(ProcessLookupError):  # it may have ended by itself
                os.killpg(self.process.pid, signal.SIGKILL)
            self.process.wait(60)
            self.process = None
        if lose_file:
            shutil.rmtree(self.data, ignore_errors=True)

    def end(self) -> None:
        """Node, epmd and folder are gone afterwards."""
        self.stop()
        if self._epmd is not None:
            self._epmd.kill()
            self._epmd.wait(60)
            self._epmd = None
        shutil.rmtree(self.folder, ignore_errors=True)

    def freeze(self) -> None:
        """The node takes connections and bytes, and does nothing with them."""
        os.killpg(self.process.pid, signal.SIGSTOP)

    def thaw(self) -> None:
        os.killpg(self.process.pid, signal.SIGCONT)

    def delete_queues(self, names: list[str]) -> None:
        """Deletes what there is of these queues, with whoever reads them."""
        with Connection(self.url, connect_timeout=60) as connection, connection.channel() as channel:
            for name in names:
                channel.queue_delete(name)

    def log(self) -> str:
        return (self.folder / "node.log").read_text(errors="replace")[-4000:]

    def _settings(self) -> dict[str, str]:
        epmd, distribution = free_port(), free_port()
        (self.folder / "rabbitmq.conf").write_text(CONFIGURATION.format(port=self.port, password=self._password))
        (self.folder / "enabled_plugins").write_text("[].")
        (self.folder / ".erlang.cookie").write_text(secrets.token_hex(20))
        (self.folder / ".erlang.cookie").chmod(0o400)
        loopback = "-kernel inet_dist_use_interface {127,0,0,1} -start_epmd false +S 1:1"
        return {
            "PATH": "/usr/sbin:/usr/bin:/sbin:/bin",
            "HOME": str(self.folder),
            "LANG": "C.UTF-8",
            "ERL_EPMD_PORT": str(epmd),
            "ERL_EPMD_ADDRESS": "127.0.0.1",
            "RABBITMQ_NODENAME": f"test-{secrets.token_hex(4)}@localhost",
            "RABBITMQ_DIST_PORT": str(distribution),
            "RABBITMQ_CONF_ENV_FILE": "/dev/null",
            "RABBITMQ_CONFIG_FILE": str(self.folder / "rabbitmq.conf"),
            "RABBITMQ_ENABLED_PLUGINS_FILE": str(self.folder / "enabled_plugins"),
            "RABBITMQ_MNESIA_BASE": str(self.data),
            "RABBITMQ_LOG_BASE": str(self.folder / "log"),
            "RABBITMQ_LOGS": "-",
            "RABBITMQ_PID_FILE": str(self.folder / "pid"),
            "RABBITMQ_SERVER_ADDITIONAL_ERL_ARGS": loopback,
        }

    def _run(self, command: list[str], log: str) -> subprocess.Popen:
        with (self.folder / log).open("ab") as file:
            return subprocess.Popen(
                command, env=self._environment, cwd=self.folder, stdout=file, stderr=file, start_new_session=True
            )

    def _lets_in(self) -> bool:
        if self.process.poll() is not None:
            raise RuntimeError(f"the node ended: {self.log()}")
        try:
            with Connection(self.url, connect_timeout=10) as connection:
                connection.ensure_connection(max_retries=0, timeout=10)
                return True
        except (OSError, KombuError):
            return False
