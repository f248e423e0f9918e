"""What can't be read, is too much, or is left lying ends its own socket at once, and costs nobody else anything."""

import json

import pytest
import requests
from websocket import ABNF, WebSocketException, create_connection

from services.realtime.tests.clients import Person
from shared.testing import eventually

pytestmark = pytest.mark.slow
POLLING = "socket.io/?EIO=4&transport=polling"
MEGABYTE = b"x" * 1_000_000


class Poller:
    """A client that speaks Engine.IO by hand."""

    def __init__(self, url: str):
        session = json.loads(requests.get(f"{url}/{POLLING}", timeout=10).text[1:])["sid"]
        self.url = f"{url}/{POLLING}&sid={session}"

    def sends(self, *packets: str | bytes) -> requests.Response:
        content = packets[0] if isinstance(packets[0], bytes) else "\x1e".join(packets).encode()
        return requests.post(self.url, data=content, timeout=10)

    def polls(self) -> list[str]:
        return requests.get(self.url, timeout=10).text.split("\x1e")


@pytest.fixture
def socket(system):
    """A WebSocket whose Engine.IO session has begun, and no more."""
    socket = create_connection(f"{system.url().replace('http', 'ws')}/socket.io/?EIO=4&transport=websocket", timeout=10)
    socket.recv()
    yield socket
    socket.shutdown()


@pytest.mark.parametrize("transport", ["websocket", "polling"])
@pytest.mark.parametrize(
    "message", ['2["join",{"room":"\\ud800"}]', '2["join"', "9", '51-["send",{"_placeholder":true,"num":0}]', b"\0"]
)
def test_a_message_that_can_not_be_read_ends_its_socket_which_is_told_why(person, transport, message):
    ben = person(transport=transport)
    ben.socket.eio.send(message)
    assert ben.hears("problem")[0]["code"] == "malformed"
    eventually(lambda: not ben.socket.connected)


def test_a_handshake_that_can_not_be_read_is_hung_up_on(socket):
    socket.send('40{"token":"\\ud800"}')
    with pytest.raises((OSError, WebSocketException)):
        while socket.recv() not in ("", b""):
            pass
        raise WebSocketException("ended")


@pytest.mark.parametrize("content", ["2probe", "6", "x", b"\xff", "d=", "4" * 70_000, "\x1e" * 200])
def test_a_request_that_holds_no_packets_is_refused_at_once_and_ends_its_session(system, content):
    poller = Poller(system.url())
    refused = poller.sends(content)
    assert (refused.status_code, refused.json()["code"]) == (400, "malformed")
    assert requests.get(poller.url, timeout=10).status_code == 400


def test_what_is_no_packet_ends_a_websocket(socket):
    socket.send("x")
    assert socket.recv() == ""


def test_a_message_over_the_limit_ends_its_socket_before_all_of_it_has_come(socket):
    socket.send_frame(ABNF(opcode=ABNF.OPCODE_TEXT, mask_value=1, data=b"4"))
    with pytest.raises((OSError, WebSocketException)):
        for _ in range(64):
            socket.send_frame(ABNF(opcode=ABNF.OPCODE_CONT, mask_value=1, data=MEGABYTE))


def test_a_burst_that_comes_in_one_request_is_taken_whole(system):
    poller = Poller(system.url())
    poller.sends("40" + json.dumps({"token": Person().token()}))
    assert poller.polls()[0].startswith("40")
    poller.sends(*(f'42{number}["leave",{{"room":"never"}}]' for number in range(40)))
    acks: list[str] = []
    eventually(lambda: acks.extend(poller.polls()) or sum(ack.startswith("43") for ack in acks) == 40)


def test_none_of_it_leaves_a_traceback(system):
    for instance in range(len(system.ports)):
        assert "Traceback" not in (system.folder / f"api{instance}.log").read_text()
