"""A container's health check says what is wrong."""

import os
import subprocess
import sys
import time
from http.server import BaseHTTPRequestHandler, HTTPServer
from threading import Thread

import pytest

from shared.database.migrator import ROOT
from shared.probe import TOUCHED_WITHIN, complaint


@pytest.fixture
def server():
    """Answers with the status that its path names."""

    class Answers(BaseHTTPRequestHandler):
        def do_GET(self):
            self.send_response(int(self.path[1:]))
            self.end_headers()
            self.wfile.write(b'{"checks":{"database":"failed"}}')

        def log_message(self, *_):
            """Tests print nothing."""

    server = HTTPServer(("127.0.0.1", 0), Answers)
    thread = Thread(target=server.serve_forever)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    thread.join()
    server.server_close()


def test_what_answers_well_is_well(server):
    assert complaint(f"{server}/200") is None


def test_what_is_not_ready_is_told_in_its_own_words(server):
    assert complaint(f"{server}/503") == '{"checks":{"database":"failed"}}'


def test_what_does_not_answer_is_told():
    assert "does not answer" in complaint("http://127.0.0.1:1/readyz")


def test_a_process_that_moves_is_well_and_one_that_stopped_to_is_not(tmp_path):
    file = tmp_path / "progress"
    assert "never touched" in complaint(str(file))
    file.touch()
    assert complaint(str(file)) is None
    old = time.time() - TOUCHED_WITHIN - 5
    os.utime(file, (old, old))
    assert complaint(str(file)).startswith("no progress for")


def test_the_command_says_so_by_its_status(tmp_path):
    command = [sys.executable, "-m", "shared.probe", str(tmp_path / "progress")]
    failed = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert (failed.returncode, "never touched" in failed.stdout) == (1, True)
    (tmp_path / "progress").touch()
    soon = time.time() + 600  # the command takes its time to begin on a busy machine
    os.utime(tmp_path / "progress", (soon, soon))
    assert subprocess.run(command, cwd=ROOT, check=False).returncode == 0
