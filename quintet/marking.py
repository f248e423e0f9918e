"""Marks a service's database that was put back, before the service runs again."""

import subprocess

from quintet.failing import Failed
from quintet.processes import flask
from quintet.state import State
from quintet.supervision import base_environment


def mark_restored(state: State, service: str, url: str | None = None) -> str:
    """Begins a new incarnation of a service's events, in the database of its settings or at `url`; its word."""
    if not state.path("settings", f"{service}.env").exists():
        raise Failed(f"There is no system in {state.folder}.")
    environment = {**base_environment(state), "SETTINGS_FILE": f"settings/{service}.env"}
    environment |= {"DATABASE_URL": url} if url else {}
    command = flask(service, "bus-restored")
    done = subprocess.run(command, env=environment, cwd=state.folder, capture_output=True, text=True, check=False)
    if done.returncode:
        raise Failed(f"Marking {service}'s database failed:\n{done.stdout}{done.stderr}")
    return done.stdout.strip().splitlines()[-1]
