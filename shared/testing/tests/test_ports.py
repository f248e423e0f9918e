"""Ports for a test's servers."""

import socket
import subprocess
import sys

import pytest

from shared.database.migrator import ROOT
from shared.testing.servers import PORTS, free_port

FIND = "from shared.testing import servers; servers.PORTS = range({port}, {port} + 2); print(servers.free_port())"


def test_a_port_is_given_once():
    ports = [free_port() for _ in range(50)]
    assert len(set(ports)) == 50
    assert set(ports) <= set(PORTS)


def test_a_port_that_was_given_is_given_to_no_other_process_though_nobody_listens_there():
    port = free_port()
    with socket.socket() as server:
        server.bind(("127.0.0.1", port))  # it is there for its server
    given = subprocess.run([sys.executable, "-c", FIND.format(port=port)], cwd=ROOT, capture_output=True, text=True)
    assert given.stdout.strip() != str(port)


def test_a_port_on_which_somebody_listens_is_given_to_nobody(monkeypatch):
    with socket.create_server(("127.0.0.1", 0)) as server:
        taken = server.getsockname()[1]
        monkeypatch.setattr("shared.testing.servers.PORTS", range(taken, taken + 1))
        with pytest.raises(RuntimeError, match="no free port"):
            free_port()
