"""RabbitMQ of one system: a node of its own and its epmd, every port on loopback, all that they write in one folder."""

import subprocess
import sys
from pathlib import Path

from quintet import files, rabbitmq_data
from quintet.failing import Failed
from quintet.keys import Keys
from quintet.state import ROOT, Shape, State

PORTS = ("rabbitmq", "rabbitmq-distribution", "epmd")
DEBIAN = Path("/usr/lib/rabbitmq/bin/rabbitmq-server")
"""Run by whomever; the one on PATH insists on root or a user of its own."""

CONFIGURATION = """\
listeners.tcp.1 = 127.0.0.1:{port}
num_acceptors.tcp = 2
default_user = quintet
default_pass = {password}
heartbeat = 10
vm_memory_high_watermark.absolute = 256MB
disk_free_limit.absolute = 50MB
log.console = true
log.console.level = warning
"""


def install() -> Path:
    """Debian's program, installed where it is missing and may be; Failed says why it can't be had."""
    if not DEBIAN.exists():
        command = [str(ROOT / "bin/install-rabbitmq")]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        if done.returncode or not DEBIAN.exists():
            raise Failed((done.stderr or done.stdout).strip() or f"There is no {DEBIAN}; name one: RABBITMQ_SERVER=…")
    return DEBIAN


def url(shape: Shape, keys: Keys) -> str:
    """Where the services reach it."""
    return f"amqp://quintet:{keys.rabbitmq_password}@127.0.0.1:{shape.ports['rabbitmq']}//"


def write(state: State, shape: Shape, keys: Keys) -> None:
    """Writes what the node reads when it starts; the user is made at its first start and kept."""
    values = {"port": shape.ports["rabbitmq"], "password": keys.rabbitmq_password}
    files.write(_folder(state, "rabbitmq.conf"), CONFIGURATION.format(**values))
    files.write(_folder(state, "enabled_plugins"), "[].\n")
    files.write(_folder(state, ".erlang.cookie"), keys.rabbitmq_cookie, mode=0o400)


def command(program: Path, state: State, shape: Shape) -> list[str]:
    """Starts the node once its epmd answers: one that finds none would leave a daemon of its own behind. Data that
    keep it from starting are set aside first."""
    wait = f"until epmd -port {shape.ports['epmd']} -names >/dev/null 2>&1; do sleep 0.1; done"
    heal = [sys.executable, rabbitmq_data.__file__, _folder(state, "mnesia"), state.path("log", "rabbitmq.log")]
    return ["/bin/sh", "-c", f'{wait}; "$@"; exec "$0"', str(program), *map(str, heal)]


def epmd_command(shape: Shape) -> list[str]:
    """Erlang's port mapper, in the foreground."""
    return ["epmd", "-address", "127.0.0.1", "-port", str(shape.ports["epmd"])]


def environment(state: State, shape: Shape) -> dict[str, str]:
    """What keeps the node within the folder and its ports on loopback."""
    return {
        "HOME": str(_folder(state)),  # where Erlang looks for its cookie
        "LANG": "C.UTF-8",
        "ERL_EPMD_ADDRESS": "127.0.0.1",
        "ERL_EPMD_PORT": str(shape.ports["epmd"]),
        "RABBITMQ_NODENAME": "quintet@localhost",
        "RABBITMQ_DIST_PORT": str(shape.ports["rabbitmq-distribution"]),
        "RABBITMQ_SERVER_ADDITIONAL_ERL_ARGS": "-kernel inet_dist_use_interface {127,0,0,1} -start_epmd false",
        "RABBITMQ_CONF_ENV_FILE": "/dev/null",
        "RABBITMQ_CONFIG_FILE": str(_folder(state, "rabbitmq.conf")),
        "RABBITMQ_ENABLED_PLUGINS_FILE": str(_folder(state, "enabled_plugins")),
        "RABBITMQ_MNESIA_BASE": str(_folder(state, "mnesia")),
        "RABBITMQ_LOG_BASE": str(_folder(state, "log")),
        "RABBITMQ_LOGS": "-",
        "RABBITMQ_PID_FILE": str(_folder(state, "pid")),
    }


def _folder(state: State, *parts: str) -> Path:
    return state.path("rabbitmq", *parts)
