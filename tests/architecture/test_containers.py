"""Dockerfiles and Compose files, wherever the repository has them, hold against hadolint and Compose's schema."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from tests.architecture.sources import ROOT, files, named

PROGRAMS = Path(sys.executable).parent
IGNORED = {
    "DL3003": "A command that is to run in another folder, once, in a stage that is thrown away needs no WORKDIR.",
}
"""Rules of hadolint that do not hold here, each with the reason."""
DOCKERFILES = [path for path in files() if path.name == "Dockerfile"]
COMPOSE_FILES = [path for path in files(".yml", ".yaml") if path.name.startswith(("docker-compose.", "compose."))]


def slips(dockerfile: Path) -> list[str]:
    """What hadolint says of a Dockerfile."""
    ignored = [word for rule in IGNORED for word in ("--ignore", rule)]
    command = [PROGRAMS / "hadolint", "--no-fail", "--format", "json", *ignored, dockerfile]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    return [f"{one['line']}: {one['code']} {one['message']}" for one in json.loads(done.stdout)]


def against_its_schema(compose_file: Path) -> subprocess.CompletedProcess:
    """Compose's own schema, as its specification publishes it, asked about a file."""
    command = [PROGRAMS / "check-jsonschema", "--builtin-schema", "vendor.compose-spec", compose_file]
    return subprocess.run(command, capture_output=True, text=True, check=False)


@pytest.mark.parametrize("dockerfile", DOCKERFILES, ids=named)
def test_a_dockerfile_has_no_slip(dockerfile):
    assert slips(dockerfile) == []


@pytest.mark.parametrize("compose_file", COMPOSE_FILES, ids=named)
def test_a_compose_file_says_only_what_compose_knows(compose_file):
    done = against_its_schema(compose_file)
    assert done.returncode == 0, done.stdout + done.stderr


def test_a_slip_in_a_dockerfile_is_reported(tmp_path):
    dockerfile = tmp_path / "Dockerfile"
    dockerfile.write_text("FROM debian:latest\nRUN apt-get install curl\n")
    assert {slip.split()[1] for slip in slips(dockerfile)} >= {"DL3007", "DL3008"}


def test_what_compose_does_not_know_is_reported(tmp_path):
    compose_file = tmp_path / "docker-compose.yml"
    compose_file.write_text("services:\n  auth:\n    image: auth\n    prots: ['8000:8000']\n")
    assert against_its_schema(compose_file).returncode == 1


def test_where_no_engine_answers_that_is_said_and_is_no_failure():
    command = ["env", "DOCKER_HOST=unix:///nowhere/docker.sock", sys.executable, "-m", "tests.containers"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False, timeout=300)
    assert done.returncode == 0
    assert done.stdout.startswith("skipped: no Docker engine answers")
