"""The system that is played on: one that is up, or one that is started for it."""

import json
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import redis
import requests

from demo.settings import DemoSettings
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

    def operate(self, *words: str) -> str:
        """What the operator's command says; DidNotHappen where it fails."""
        ensure(self.state, "this system is not in our hands")
        return quintet(self.state, *words)

    def status(self) -> str:
        """The operator's table of processes, whether all are ready or not."""
        ensure(self.state, "this system is not in our hands")
        return run(self.state, "status").stdout

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


def find_or_start(settings: DemoSettings) -> System:
    """The system that the settings name, started where it is not up."""
    if settings.e2e_base_url:
        return System(settings.e2e_base_url, settings.e2e_mails_url, settings.admin_email, settings.e2e_admin_password)
    state = settings.state.absolute()
    was_up = is_up(state)
    if not was_up:
        start(state)
    return found(state, settings.admin_email, is_ours=not was_up)


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
