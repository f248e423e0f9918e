"""Socket.IO through the gateway's TLS, by WebSocket and by long-polling, against a real server of its protocol."""

import ssl
import threading
from collections.abc import Iterator

import pytest
import requests
import socketio
from werkzeug.serving import BaseWSGIServer, make_server

from shared.testing.certificates import pair_for


@pytest.fixture(scope="module")
def echoing() -> Iterator[BaseWSGIServer]:
    """A Socket.IO server that gives back what it is told."""
    sockets = socketio.Server(async_mode="threading")
    sockets.on("echo", lambda _sid, said: said)
    server = make_server("127.0.0.1", 0, socketio.WSGIApp(sockets), threaded=True)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield server
    server.shutdown()
    server.server_close()


@pytest.mark.parametrize("transport", ["websocket", "polling"])
def test_a_socket_talks_both_ways_under_tls(make_front, echoing, tmp_path, transport):
    pair = pair_for(tmp_path, "127.0.0.1")
    front = make_front({"realtime": [echoing.server_port]}, pair=pair)
    session = requests.Session()
    session.verify, session.trust_env = str(pair.certificate), False
    trusting = {"context": ssl.create_default_context(cafile=session.verify)}
    client = socketio.Client(request_timeout=60, http_session=session, websocket_extra_options={"sslopt": trusting})
    client.connect(f"https://127.0.0.1:{front.port}", transports=[transport], wait_timeout=60)
    try:
        assert client.transport() == transport
        assert client.call("echo", "hello", timeout=60) == "hello"
    finally:
        client.disconnect()
