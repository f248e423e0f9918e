"""A system in containers: one Compose project on the engine of this machine, as docker-compose.yml describes it."""

import json
import os
import shutil
import signal
import subprocess
from collections.abc import Iterable
from contextlib import suppress
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from dotenv import dotenv_values

from demo.system import ROOT, System
from demo.waiting import DidNotHappen, ensure, eventually

ONCE = "on-failure"
"""The restart policy of what runs once and ends."""


@cache
def compose_command() -> tuple[str, ...] | None:
    """How Compose is called here, of whichever generation; None where no engine answers or Compose is missing."""
    if not shutil.which("docker") or not succeeds("docker", "version"):
        return None
    if succeeds("docker", "compose", "version"):
        return "docker", "compose"
    return ("docker-compose",) if shutil.which("docker-compose") else None


def succeeds(*command: str, within: float = 30) -> bool:
    """Whether a command ends well within so many seconds."""
    try:
        return subprocess.run(command, capture_output=True, timeout=within, check=False).returncode == 0  # noqa: S603
    except subprocess.TimeoutExpired:
        return False


@dataclass(frozen=True)
class Containers(System):
    """A Compose project and the .env that it was started with."""

    project: str = ""
    env_file: Path = ROOT / ".env"

    @classmethod
    def of(cls, project: str, env_file: Path, *, is_ours: bool = False) -> "Containers":
        """The project of that name, reached where its .env says."""
        known = dotenv_values(env_file, interpolate=False)
        mails = known.get("MAIL_CATCHER_ADDRESS") or "127.0.0.1:8025"
        admin = known["ADMIN_EMAIL"], known["ADMIN_PASSWORD"]
        at = known["PUBLIC_URL"], f"http://{mails}"
        return cls(*at, *admin, is_ours=is_ours, project=project, env_file=env_file)

    @property
    def is_operated(self) -> bool:
        """Whoever reaches the engine may give every command."""
        return True

    @property
    def known(self) -> dict[str, str]:
        """What the .env says, secrets included."""
        return {name: value or "" for name, value in dotenv_values(self.env_file, interpolate=False).items()}

    def compose(self, *words: str, within: float = 600) -> str:
        """What a command of Compose's says of this project; DidNotHappen where it fails."""
        return said(*self.composed(*words), within=within, folder=self.folder)

    def composed(self, *words: str) -> list[str]:
        """The whole command line of a command of Compose's for this project."""
        command = compose_command()
        ensure(command, "no Docker engine answers")
        return [*command, "-p", self.project, "--env-file", str(self.env_file), *words]

    def operator(self, *words: str) -> list[str]:
        """The command line of a command of the operator's, in a container of its own; to be typed in `folder`."""
        return self.composed("run", "--rm", "-T", "operator", *words)

    def scale(self, **counts: int) -> None:
        """Has so many containers of each of these services run, and one of all others."""
        wanted = [word for name, count in counts.items() for word in ("--scale", f"{name}={count}")]
        self.compose("up", "--detach", "--no-build", "--no-recreate", *wanted)

    def instances(self, name: str) -> list[int]:
        """The first process of each running container of a service, the eldest first."""
        return self.pids(name)

    def containers(self, *names: str) -> list[dict[str, Any]]:
        """What the engine knows of the containers of those services, or of all, ended ones included."""
        ours = f"label=com.docker.compose.project={self.project}"
        found = said("docker", "ps", "--all", "--quiet", "--filter", ours).split()
        told = json.loads(said("docker", "inspect", *found)) if found else []
        return [one for one in told if not names or service_of(one) in names]

    def pids(self, *names: str) -> list[int]:
        """The first process of each running container of those services, or all; the host's pids, the eldest first."""
        found = sorted(self.containers(*names), key=lambda one: one["Created"])
        return [one["State"]["Pid"] for one in found if one["State"]["Running"]]

    def is_whole(self) -> bool:
        """Whether every container is healthy, or has done what it was to do once."""
        return not ailing(self.containers())

    def run_in(self, name: str, *command: str) -> str:
        """What a command says that is run inside a service's first container; DidNotHappen where it fails."""
        return said("docker", "exec", self.containers(name)[0]["Id"], *command)

    def timeline(self, trace_id: str) -> list[str]:
        """What a trace's request caused, a line each; the engine keeps the logs."""
        logged = [line for line in self.compose("logs", "--no-color").splitlines(keepends=True) if trace_id in line]
        command = self.operator("trace", trace_id, "--logs", "-")
        return said(*command, folder=self.folder, given="".join(logged)).splitlines()

    def flush_redis(self) -> None:
        """Redis loses its file and its process at once: no user of it may do as much over a connection."""
        eventually(self._has_lost_redis, "Redis is there to lose all", within=30, every=0.2)
        eventually(lambda: self.pids("redis"), "Redis is started anew", within=30)

    def _has_lost_redis(self) -> bool:
        """Whether this took it; one that is being started anew by somebody else's doing has read its file already."""
        [pid] = self.pids("redis") or [None]
        if pid is None or not succeeds(
            "docker", "exec", self.containers("redis")[0]["Id"], "sh", "-c", "rm -rf /data/*"
        ):
            return False
        if self.pids("redis") != [pid]:
            return False
        with suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)
        eventually(lambda: self.has_noticed([pid]), "it is noticed that Redis died", within=30)
        return True


def ailing(containers: Iterable[dict[str, Any]]) -> list[str]:
    """The services that are not well, each with what the engine or its health check says."""
    return [f"{service_of(one)}: {wrong}" for one in containers if (wrong := complaint(one))]


def complaint(container: dict[str, Any]) -> str | None:
    """What is wrong with a container; None where nothing is."""
    state = container["State"]
    if runs_once(container):
        return None if state["Status"] == "exited" and state["ExitCode"] == 0 else f"{state['Status']}, not done"
    if state["Status"] != "running":
        return state["Status"]
    health = state.get("Health") or {"Status": "healthy"}
    said_last = [entry["Output"].strip() for entry in health.get("Log") or ()][-1:]
    return None if health["Status"] == "healthy" else " ".join([health["Status"], *said_last])


def runs_once(container: dict[str, Any]) -> bool:
    """Whether it is meant to do something and end."""
    return container["HostConfig"]["RestartPolicy"]["Name"] == ONCE


def service_of(container: dict[str, Any]) -> str:
    """Which service of the Compose file a container belongs to."""
    return container["Config"]["Labels"]["com.docker.compose.service"]


def logged(container: dict[str, Any]) -> str:
    """All that a container has said since it was made."""
    command = ["docker", "logs", container["Id"]]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=True)  # noqa: S603
    return done.stdout + done.stderr


def said(*command: str, within: float = 60, folder: Path = ROOT, given: str | None = None) -> str:
    """What a command says to what it is given; DidNotHappen with its complaint where it fails."""
    asked: dict[str, Any] = {"cwd": folder, "input": given, "timeout": within}
    done = subprocess.run(command, **asked, capture_output=True, text=True, check=False)  # noqa: S603
    if done.returncode:
        raise DidNotHappen(f"{' '.join(command[:8])}: {(done.stderr or done.stdout).strip()[-2000:]}")
    return done.stdout
