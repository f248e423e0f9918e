"""A gateway whose master was killed begins again, although the old workers hold its port."""

import os
import shutil
import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest

from quintet import binaries, readiness, settings
from quintet.succeeding import WORKER, orphans
from shared.testing import eventually
from shared.testing.servers import free_port

CONFIGURATION = """
daemon off;
worker_processes 2;
pid run/nginx.pid;
{user}
events {{}}
http {{
    access_log off;
    client_body_temp_path run/body; proxy_temp_path run/proxy; fastcgi_temp_path run/fastcgi;
    uwsgi_temp_path run/uwsgi; scgi_temp_path run/scgi;
    server {{ listen 127.0.0.1:{port}; location / {{ return 200 "ok"; }} }}
}}
"""


class Gateway:
    """An nginx in a folder of its own, started as supervisord would."""

    def __init__(self, folder: Path):
        self.folder, self.port = folder, free_port()
        user = "user root;" if os.geteuid() == 0 else ""
        (folder / "run").mkdir()
        (folder / "nginx.conf").write_text(CONFIGURATION.format(port=self.port, user=user))
        self.processes: list[subprocess.Popen] = []

    def starts(self) -> psutil.Process:
        """A master that has just begun."""
        nginx = str(binaries.nginx(settings.read()))
        command = [sys.executable, "-m", "quintet.succeeding", nginx, "-p", f"{self.folder}/", "-c", "nginx.conf"]
        environment = {"PYTHONPATH": str(Path(__file__).resolve().parents[2])}
        log = (self.folder / "log").open("a")
        with log:
            self.processes.append(
                subprocess.Popen([*command, "-e", "stderr"], cwd=self.folder, env=environment, stderr=log)
            )
        master = psutil.Process(self.processes[-1].pid)
        eventually(lambda: [*map(called, master.children())] == [WORKER] * 2)
        return master

    def answers(self) -> bool:
        return readiness.answers(self.port, "/") == (200, b"ok")

    def ends(self) -> None:
        for process in self.processes:
            process.kill()
            process.wait(10)
        for worker in orphans(self.folder):
            worker.kill()


def called(process: psutil.Process) -> str:
    """What a process of nginx calls itself; one that has just begun has its parent's name."""
    return " ".join(process.cmdline()).strip()


@pytest.fixture
def gateway() -> Iterator[Gateway]:
    folder = Path(tempfile.mkdtemp(prefix="quintet-nginx-")).resolve()
    gateway = Gateway(folder)
    yield gateway
    gateway.ends()
    shutil.rmtree(folder)


def kill(master: psutil.Process) -> list[psutil.Process]:
    """Kills a master alone; the workers that it leaves."""
    workers = master.children()
    master.kill()
    return workers


def test_the_workers_of_a_killed_master_give_way_to_the_next(gateway):
    left = kill(gateway.starts())
    assert gateway.answers()  # nobody has noticed
    master = gateway.starts()
    eventually(lambda: not any(worker.is_running() for worker in left))
    assert gateway.answers()
    assert orphans(gateway.folder) == []
    assert {worker.ppid() for worker in master.children()} == {master.pid}


def test_a_worker_that_is_stopped_gives_way_too(gateway):
    left = kill(gateway.starts())
    for worker in left:
        worker.send_signal(signal.SIGSTOP)
    gateway.starts()
    eventually(lambda: not any(worker.is_running() for worker in left))
    assert gateway.answers()


def test_the_workers_of_a_living_master_stay(gateway):
    gateway.starts()
    assert orphans(gateway.folder) == []
