"""The fault proxy: what passes, and what each of its faults does to a connection."""

import socket
import socketserver
import threading
import time

import pytest

from shared.testing import eventually
from shared.testing.proxy import Proxy


class Echo(socketserver.BaseRequestHandler):
    def handle(self):
        try:
            while piece := self.request.recv(4096):
                self.server.heard.append(piece)
                self.request.sendall(piece)
        except OSError:
            pass  # the proxy has reset it


@pytest.fixture
def server():
    with socketserver.ThreadingTCPServer(("127.0.0.1", 0), Echo) as server:
        server.daemon_threads, server.heard = True, []
        threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True).start()
        yield server
        server.shutdown()


@pytest.fixture
def proxy(server):
    with Proxy(server.server_address) as proxy:
        yield proxy


@pytest.fixture
def connect(proxy):
    opened = []

    def open_one() -> socket.socket:
        opened.append(socket.create_connection(("127.0.0.1", proxy.port), timeout=60))
        return opened[-1]

    yield open_one
    for one in opened:
        one.close()


def said(connection: socket.socket, words: bytes) -> bytes:
    connection.sendall(words)
    answer = b""
    while len(answer) < len(words) and (piece := connection.recv(4096)):
        answer += piece
    return answer


def test_what_is_sent_arrives_both_ways(connect):
    connection = connect()
    words = b"x" * 300_000
    threading.Thread(target=connection.sendall, args=(words,), daemon=True).start()
    answer = b""
    while len(answer) < len(words):
        answer += connection.recv(65_536)
    assert answer == words


def test_a_cut_ends_the_connections_under_way_and_takes_new_ones(proxy, connect):
    connection = connect()
    assert said(connection, b"one") == b"one"
    assert proxy.cut() == 1
    with pytest.raises(ConnectionError):
        said(connection, b"two")
    assert said(connect(), b"three") == b"three"


def test_nobody_gets_in_while_it_refuses(proxy, connect):
    proxy.refuse()
    with pytest.raises(ConnectionError):
        said(connect(), b"one")
    proxy.mend()
    assert said(connect(), b"two") == b"two"


def test_a_lost_answer_leaves_the_request_done(proxy, server, connect):
    connection = connect()
    proxy.lose_answer()
    with pytest.raises(ConnectionError):
        said(connection, b"one")
    assert server.heard == [b"one"]
    assert said(connect(), b"two") == b"two"


def test_only_the_answer_to_what_was_named_is_lost(proxy, server, connect):
    connection = connect()
    proxy.lose_answer(b"COMMIT")
    assert said(connection, b"UPDATE") == b"UPDATE"
    assert not proxy.has_lost_answer()
    with pytest.raises(ConnectionError):
        said(connection, b"COMMIT")
    assert proxy.has_lost_answer()
    assert server.heard == [b"UPDATE", b"COMMIT"]


def test_what_a_hanging_proxy_has_swallowed_arrives_when_it_is_mended(proxy, server, connect):
    connection = connect()
    proxy.hang()
    connection.sendall(b"one")
    connection.settimeout(0.1)
    with pytest.raises(TimeoutError):
        connection.recv(10)
    assert server.heard == []
    proxy.mend()
    connection.settimeout(60)
    assert connection.recv(10) == b"one"


def test_a_delay_holds_every_piece(proxy, connect):
    connection = connect()
    proxy.delay_seconds = 0.1
    begun = time.monotonic()
    assert said(connection, b"one") == b"one"
    assert time.monotonic() - begun >= 0.2


def test_an_end_is_passed_on(proxy, connect):
    connection = connect()
    assert said(connection, b"one") == b"one"
    connection.shutdown(socket.SHUT_WR)
    assert connection.recv(10) == b""
    eventually(lambda: proxy.cut() == 0)
