"""A name stands for all instances of a service: they are found as they come and go, and a session keeps its own."""

import socket
import struct
import threading
from collections.abc import Iterator
from http.server import ThreadingHTTPServer
from socketserver import DatagramRequestHandler, ThreadingUDPServer

import pytest

from gateway.tests.conftest import Upstream
from shared.testing import eventually

HOSTS = ("127.0.0.1", "127.0.0.2", "127.0.0.3")


class Answer(DatagramRequestHandler):
    """Every name has the addresses that the server holds at the moment."""

    def handle(self) -> None:
        question = self.rfile.read()
        head = question[:2] + struct.pack(">HHHHH", 0x8180, 1, len(self.server.hosts), 0, 0)
        record = struct.pack(">HHHIH", 0xC00C, 1, 1, 1, 4)
        self.wfile.write(head + question[12:] + b"".join(record + socket.inet_aton(host) for host in self.server.hosts))


@pytest.fixture
def names() -> Iterator[ThreadingUDPServer]:
    """A name server."""
    server = ThreadingUDPServer(("127.0.0.1", 0), Answer)
    server.hosts, server.daemon_threads = list(HOSTS[:2]), True
    threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True).start()
    yield server
    server.shutdown()
    server.server_close()


@pytest.fixture
def port() -> Iterator[int]:
    """Where an instance listens on each of the addresses."""
    first = ThreadingHTTPServer((HOSTS[0], 0), Upstream)
    servers = [first, *(ThreadingHTTPServer((host, first.server_port), Upstream) for host in HOSTS[1:])]
    for host, server in zip(HOSTS, servers, strict=True):
        server.name, server.is_ready, server.is_ending, server.daemon_threads = host, True, False, True
        threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True).start()
    yield first.server_port
    for server in servers:
        server.shutdown()
        server.server_close()


@pytest.fixture
def front(make_front, names, port):
    instances = {name: [f"{name}.test:{port}"] for name in ("data", "realtime")}
    return make_front({}, instances=instances, resolver=f"127.0.0.1:{names.server_address[1]}")


def answering(front, path: str, count: int = 30) -> set[str]:
    """Which instances answered."""
    return {front.ask("GET", path).json().get("name", "none") for _ in range(count)}


def test_instances_are_found_as_they_come_and_go(front, names):
    for hosts in (HOSTS[:2], HOSTS, HOSTS[1:], HOSTS[:1]):
        names.hosts = list(hosts)
        eventually(lambda hosts=hosts: answering(front, "/v1/data/x") == {*hosts})


def test_long_polling_keeps_its_instance_and_new_sockets_are_spread(front):
    eventually(lambda: answering(front, "/socket.io/?EIO=4&transport=websocket") == {*HOSTS[:2]})
    polled = [f"/socket.io/?EIO=4&transport=polling&sid={number}" for number in range(20)]
    assert len({front.ask("GET", path).json()["name"] for path in polled}) == 1
