"""What is asked of Compose, of either generation, and of the engine below it, about one project of containers."""

import json
import shutil
import subprocess
from pathlib import Path
from typing import Any

from quintet.failing import Failed
from quintet.state import ROOT

PROBE_SECONDS = 15


class Compose:
    """The project that the .env in this folder names, or another."""

    def __init__(self, project: str | None = None, env_file: Path | None = None):
        self._command = [*found(), *(["-p", project] if project else [])]
        if env_file:
            self._command += ["--env-file", str(env_file)]

    def services(self) -> list[str]:
        """All that the Compose file describes."""
        return self._ask("config", "--services").split()

    def containers(self, service: str) -> dict[str, bool]:
        """A service's containers, the eldest first, and whether each of them runs; none that `run` made."""
        told = inspected(self._ask("ps", "-a", "-q", service).split())
        ours = [one for one in told if one["Config"]["Labels"].get("com.docker.compose.oneoff") != "True"]
        return {one["Id"]: one["State"]["Running"] for one in sorted(ours, key=lambda one: one["Created"])}

    def scale(self, service: str, count: int) -> None:
        """As many containers of a service; those that run are left as they are, and so are all others."""
        self._ask("up", "-d", "--no-deps", "--no-recreate", "--no-build", "--scale", f"{service}={count}", service)

    def run_once(self, service: str) -> None:
        """Runs a service that ends by itself, such as a migration, in a container of its own."""
        self._ask("run", "--rm", "--no-deps", "-T", service)

    def is_well(self, container: str) -> bool:
        """Whether a container's own health check passes now; Failed where it has ended."""
        [told] = inspected([container])
        if not told["State"]["Running"]:
            raise Failed(f"It ended with status {told['State']['ExitCode']}.\n{self.last_words(container)}")
        command = health_check(told)
        try:
            return not command or _run("docker", "exec", container, *command, within=PROBE_SECONDS).returncode == 0
        except subprocess.TimeoutExpired:
            return False

    def end(self, container: str) -> None:
        """Has a container end by SIGTERM within its own grace, and takes it away."""
        asked("docker", "stop", container)
        asked("docker", "rm", "--force", container)

    def last_words(self, container: str) -> str:
        """The end of its log."""
        done = _run("docker", "logs", "--tail", "5", container)
        return (done.stdout + done.stderr).strip()

    def _ask(self, *words: str) -> str:
        return asked(*self._command, *words)


def found() -> list[str]:
    """How Compose is called here; Failed where there is none, or no engine answers."""
    if not shutil.which("docker"):
        raise Failed("There is no docker command here. Instances of `make up` are not rolled: see docs/upgrade.md.")
    if (done := _run("docker", "version", "--format", "{{.Server.Version}}")).returncode:
        raise Failed(f"No Docker engine answers: {done.stderr.strip()}")
    if _run("docker", "compose", "version").returncode == 0:
        return ["docker", "compose"]
    if shutil.which("docker-compose"):
        return ["docker-compose"]
    raise Failed("There is no Compose here, neither `docker compose` nor docker-compose.")


def inspected(containers: list[str]) -> list[dict[str, Any]]:
    """What the engine knows of them."""
    return json.loads(asked("docker", "inspect", *containers)) if containers else []


def health_check(told: dict[str, Any]) -> list[str]:
    """The command of a container's health check; empty where it has none."""
    kind, *command = (told["Config"].get("Healthcheck") or {}).get("Test") or ["NONE"]
    return ["sh", "-c", *command] if kind == "CMD-SHELL" else command


def asked(*command: str) -> str:
    """What a command says; Failed with its complaint."""
    done = _run(*command)
    if done.returncode:
        raise Failed(f"{' '.join(command)}: {(done.stderr or done.stdout).strip()[-2000:]}")
    return done.stdout


def _run(*command: str, within: float | None = None) -> subprocess.CompletedProcess:
    """In a session of its own: who interrupts this command at a terminal does not cut short what it has begun."""
    own = {"cwd": ROOT, "start_new_session": True, "stdin": subprocess.DEVNULL}
    return subprocess.run(command, capture_output=True, text=True, timeout=within, check=False, **own)
