"""The system that is played on: where it is reached, and how it is operated where it is in our hands."""

import json
import re
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import redis
import requests

from demo.waiting import DidNotHappen, ensure

ROOT = Path(__file__).resolve().parent.parent


@dataclass(frozen=True)
class System:
    """Where a running system is reached, and how much of it is in our hands."""

    url: str
    mails_url: str
    admin_email: str
    admin_password: str
    state: Path | None = None
    """Its state folder; None for a system somewhere else."""
    is_ours: bool = False
    """Whether it was started for us."""
    folder: Path = ROOT
    """The repository that it is operated from."""

    @property
    def is_operated(self) -> bool:
        """Whether the operator's commands can be given."""
        return self.state is not None

    def operator(self, *words: str) -> list[str]:
        """The command line of a command of the operator's."""
        ensure(self.state, "this system is not in our hands")
        return [sys.executable, "-m", "quintet", *words, "--state", str(self.state)]

    def operated(self, *words: str) -> subprocess.CompletedProcess:
        """How a command of the operator's ends, and what it says."""
        command = self.operator(*words)
        return subprocess.run(command, cwd=self.folder, capture_output=True, text=True, check=False)  # noqa: S603 - ours

    def operate(self, *words: str) -> str:
        """What the operator's command says; DidNotHappen where it fails."""
        done = self.operated(*words)
        ensure(done.returncode == 0, f"quintet {words[0]}: {(done.stderr or done.stdout).strip()}")
        return done.stdout

    def scale(self, **counts: int) -> None:
        """Has so many instances of each of these services run."""
        self.operate("up", *(word for name, count in counts.items() for word in ("--scale", f"{name}={count}")))

    def instances(self, name: str) -> list[int]:
        """The process of each instance of a service, in their order."""
        found = re.findall(rf"^({name}(?:-\d+)?)\s+\w+\s+(\d+)", self.status(), re.MULTILINE)
        return [int(pid) for _, pid in sorted(found)]

    def status(self) -> str:
        """The operator's table of processes, whether all are ready or not."""
        ensure(self.state, "this system is not in our hands")
        return run(self.state, "status").stdout

    def pids(self, *names: str) -> list[int]:
        """The processes of those names, or all."""
        found = re.findall(r"^(\S+)\s+\w+\s+(\d+)", self.status(), re.MULTILINE)
        return [int(pid) for name, pid in found if name in names or not names]

    def is_whole(self) -> bool:
        """Whether every process is ready."""
        ready = re.findall(r"^\S+\s+\w+\s+[\d-]+\s+[\d.]+ MB\s+(yes|no) ", self.status(), re.MULTILINE)
        return bool(ready) and "no" not in ready

    def has_noticed(self, dead: list[int]) -> bool:
        """Whether who minds them knows that these died; until then they may be taken for ready."""
        return not {*dead} & {*self.pids()}

    def timeline(self, trace_id: str) -> list[str]:
        """What a trace's request caused, a line each."""
        return self.operate("trace", trace_id).splitlines()

    def flush_redis(self) -> None:
        """Empties the broker."""
        ensure(self.state, "this system's Redis is not in our hands")
        port = json.loads((self.state / "state.json").read_text())["ports"]["redis"]
        password = json.loads((self.state / "secrets/keys.json").read_text())["redis_password"]
        with redis.Redis(port=port, password=password) as client:
            client.flushall()


def quintet(state: Path, *words: str) -> str:
    """What the operator's command says of a state folder; DidNotHappen where it fails."""
    done = run(state, *words)
    if done.returncode:
        raise DidNotHappen(f"quintet {words[0]}: {(done.stderr or done.stdout).strip()}")
    return done.stdout


def run(state: Path, *words: str, is_shown: bool = False) -> subprocess.CompletedProcess:
    """Runs the operator's command on a state folder; what it says is kept, or shown as it comes."""
    command = [sys.executable, "-m", "quintet", *words, "--state", str(state)]
    return subprocess.run(command, cwd=ROOT, capture_output=not is_shown, text=True, check=False)  # noqa: S603 - our own


def start(state: Path) -> None:
    """Starts the system of a state folder, and shows how it goes."""
    ensure(run(state, "up", is_shown=True).returncode == 0, f"the system in {state} did not start")


def found(state: Path, admin_email: str, *, is_ours: bool = False) -> System:
    """The running system of a state folder."""
    shape = json.loads((state / "state.json").read_text())
    password = (state / "secrets/admin_password").read_text().strip()
    url, mails_url = f"http://127.0.0.1:{shape['port']}", f"http://127.0.0.1:{shape['mail_port']}"
    return System(url, mails_url, admin_email, password, state, is_ours)


def is_up(state: Path) -> bool:
    """Whether the system of a state folder is ready."""
    if not (state / "state.json").exists():
        return False
    port = json.loads((state / "state.json").read_text())["port"]
    try:
        return requests.get(f"http://127.0.0.1:{port}/readyz", timeout=10).ok
    except requests.RequestException:
        return False
