"""A whole system in a folder with a long name: started, widened, robbed of its supervisor, ended without a trace."""

import json
import os
import shutil
import signal
import socket
import stat
import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest
import requests

from quintet import hunt, readiness
from quintet.state import ROOT, State
from shared.testing import eventually

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(900)]


class Operator:
    """Someone at a shell with the operator's command and one state folder."""

    def __init__(self, folder: Path):
        self.state = State(folder)

    def types(self, *words: str, expecting: int = 0) -> str:
        """What the command says; fails where it does not end with that status."""
        command = [str(ROOT / "bin/quintet"), words[0], "--state", str(self.state.folder), *words[1:]]
        done = subprocess.run(command, capture_output=True, text=True, cwd="/")
        assert done.returncode == expecting, done.stdout + done.stderr
        return done.stdout + done.stderr

    def pid_of(self, name: str) -> int:
        """The process of that name, once all are ready."""
        table = [line.split() for line in self.status().splitlines()]
        return next(int(row[2]) for row in table if row[0] == name)

    def status(self) -> str:
        """The table, once all are ready; a busy machine's may be late with an answer."""
        words = [str(ROOT / "bin/quintet"), "status", "--state", str(self.state.folder)]

        def table() -> str | None:
            done = subprocess.run(words, capture_output=True, text=True, cwd="/")
            return done.stdout if done.returncode == 0 else None

        return eventually(table, within=120)

    def url(self, path: str) -> str:
        return f"http://127.0.0.1:{self.state.shape().port}{path}"


@pytest.fixture(scope="module")
def operator() -> Iterator[Operator]:
    above = Path(tempfile.mkdtemp(prefix="quintet-"))
    above.chmod(0o711)
    operator = Operator(above / ("long" * 30) / "an odd, 100% name" / "var")
    try:
        operator.types("up", "--port", "0", "--mail-port", "0")
        yield operator
    finally:
        operator.types("down")
        shutil.rmtree(above)


def test_the_requests_that_it_prints_work_as_they_stand(operator):
    lines = [line.strip() for line in operator.types("up").splitlines() if line.strip().startswith("curl ")]
    operator.status()
    typed = [["sh", "-c", f"{line} --fail"] for line in lines]
    answers = [subprocess.run(words, capture_output=True, text=True, cwd="/") for words in typed]
    assert [answer.returncode for answer in answers] == [0, 0, 0], answers
    assert json.loads(answers[0].stdout)["status"] == "ready"
    assert "access_token" in json.loads(answers[2].stdout)


def test_a_second_up_says_that_it_is_up(operator):
    operator.status()
    said = operator.types("up")
    assert said.startswith("Quintet is up already.")
    assert "postgres" not in said


def test_status_shows_every_process_as_ready(operator):
    lines = operator.status().splitlines()
    assert lines[0].split() == ["PROCESS", "STATE", "PID", "MEMORY", "READY", "SINCE"]
    assert len(lines) == 21
    assert all(" yes " in line for line in lines[1:-1])


def test_the_folder_keeps_its_secrets(operator):
    state = operator.state
    private = [state.path(name) for name in ("secrets/keys.json", "secrets/admin_password", "settings/auth.env")]
    private += [state.path("state.json"), state.path("run/supervisord.conf"), state.path("run/redis.conf")]
    assert {stat.S_IMODE(file.stat().st_mode) for file in private} == {0o600}
    assert operator.state.path("secrets/admin_password").read_text().strip() not in operator.types("up")


def test_the_api_page_stands_on_one_document_of_all_services(operator):
    document = requests.get(operator.url("/openapi.json"), timeout=10).json()
    assert document["openapi"].startswith("3.1")
    assert {tag["name"] for tag in document["tags"]} == {"auth", "data", "realtime", "mail", "worker"}
    assert "/v1/auth/sessions" in document["paths"]
    assert not [path for path in document["paths"] if not path.startswith(("/v1/", "/.well-known/"))]
    assert requests.get(operator.url("/docs"), timeout=10).ok


def test_a_port_in_use_is_one_line_with_port_and_setting(tmp_path):
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen()
        port = listener.getsockname()[1]
        said = Operator(tmp_path / "var").types("up", "--port", str(port), "--mail-port", "0", expecting=1)
    assert said.startswith(f"Port {port} is in use; choose another with PORT=")
    assert len(said.splitlines()) == 1


def test_a_running_system_gets_a_second_instance_and_loses_it_again(operator):
    before = operator.pid_of("data")
    operator.types("up", "--scale", "data=2")
    second = operator.state.shape().ports["data-2"]
    assert operator.pid_of("data") == before
    assert readiness.accepts(second)
    upstreams = operator.state.path("run/gateway/upstreams.conf")
    assert f"127.0.0.1:{second} " in upstreams.read_text()
    operator.types("up", "--scale", "data=1")
    assert f"127.0.0.1:{second} " not in upstreams.read_text()
    assert not readiness.accepts(second)
    eventually(lambda: requests.get(operator.url("/readyz"), timeout=30).ok, within=60)


def test_a_process_that_dies_is_started_again(operator):
    before = operator.pid_of("gateway")
    os.kill(before, signal.SIGKILL)
    eventually(lambda: operator.pid_of("gateway") != before, within=120)
    eventually(lambda: readiness.answers(operator.state.shape().port, "/healthz")[0] == 200, within=60)


def test_logs_are_shown_by_process(operator):
    assert '"service":"gateway"' in operator.types("logs", "--no-follow", "gateway")
    assert "There is no log of nobody" in operator.types("logs", "nobody", expecting=1)


def test_down_ends_all_even_what_is_stopped_and_without_its_supervisor(operator):
    os.kill(operator.pid_of("data"), signal.SIGSTOP)
    os.kill(int(operator.state.path("run/supervisord.pid").read_text()), signal.SIGKILL)
    assert "run down" in operator.types("status", expecting=1)
    assert "Quintet is down." in operator.types("down")
    assert hunt.living(operator.state) == []
    assert "Quintet was not up." in operator.types("down")
    assert "Quintet is not up." in operator.types("status", expecting=1)
