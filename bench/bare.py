"""The least that Flask and Gunicorn can do here: one route that answers one small JSON object."""

import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from socket import create_connection, socket

from flask import Flask, jsonify

STARTS_WITHIN_SECONDS = 15

app = Flask(__name__)


@app.get("/")
def answer():
    return jsonify(id="0190aaaa-bbbb-7ccc-8ddd-eeeeffff0001", title="bare", score=1)


@contextmanager
def running() -> Iterator[tuple[str, int]]:
    """The bare app under Gunicorn with the settings of an api process, behind nothing; its address."""
    with socket() as probe:
        probe.bind(("127.0.0.1", 0))
        address = probe.getsockname()
    command = [sys.executable, "-m", "gunicorn", "bench.bare:app", "--bind", f"127.0.0.1:{address[1]}"]
    command += ["--worker-class", "gthread", "--workers", "1", "--threads", "8", "--no-control-socket"]
    root = Path(__file__).resolve().parent.parent
    process = subprocess.Popen([*command, "--log-level", "warning"], cwd=root)
    try:
        _wait_for(address, process)
        yield address
    finally:
        process.terminate()
        process.wait(10)


def _wait_for(address: tuple[str, int], process: subprocess.Popen) -> None:
    deadline = time.monotonic() + STARTS_WITHIN_SECONDS
    while process.poll() is None and time.monotonic() < deadline:
        try:
            create_connection(address, timeout=1).close()
            return
        except OSError:
            time.sleep(0.05)
    raise SystemExit("the bare app did not start")
