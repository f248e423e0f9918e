"""realtime while others fail: the broker is off, data is away when an instance begins, a client does not read."""

import socket

import pytest
import requests

from services.realtime.tests.clients import Person
from services.realtime.tests.making import record_changed as changed
from services.realtime.tests.system import System
from services.realtime.tests.test_sockets import alaskan
from shared.testing import eventually

pytestmark = pytest.mark.slow


@pytest.fixture
def system(tmp_path, redis_server):
    system = System(tmp_path, redis_server, f"sqlite:///{tmp_path}/realtime.db")
    yield system
    system.stop()


def test_without_a_broker_everything_arrives_once_and_in_order_through_the_feeds(system):
    system.start()
    ben = Person().connect(system.url())
    ben.call("subscribe", collection="airports", filter='state = "AK"')
    ben.call("join", room="lobby")
    system.redis.stop()
    for number in range(20):
        system.data.announce(changed(None, alaskan(f"row {number}")))
    ben.call("send", room="lobby", text="no broker")
    assert [m["record"]["name"] for m in ben.hears("change", 20)] == [f"row {number}" for number in range(20)]
    assert [m["text"] for m in ben.hears("message")] == ["no broker"]
    system.redis.start()
    system.data.announce(changed(None, alaskan("back again")))
    ben.hears("change", 21)
    ben.leave()


def test_an_instance_waits_for_data_and_is_not_ready_until_it_is_there(system):
    without_data = [source for source in system.sources if source is not system.data]
    for source in without_data:
        source.start()
    system.run("migrate", "flask", "--app", "services.realtime.app", "migrate").wait(400)
    system.run("bus", "flask", "--app", "services.realtime.app", "bus")
    system.start_instance(0)
    eventually(lambda: ask_ready(system) == (503, "failed"), within=400)
    refused = requests.get(f"{system.url()}/socket.io/?EIO=4&transport=polling", timeout=60)
    assert (refused.status_code, refused.json()["code"]) == (503, "live_not_ready")
    system.data.start()
    system.await_ready(0)
    ben = Person().connect(system.url())
    assert ben.call("subscribe", collection="airports")
    ben.leave()
    system.ports.pop()


def ask_ready(system) -> tuple[int, str] | None:
    """Status and the state of the events; None while the instance does not answer."""
    try:
        answer = requests.get(f"{system.url()}/readyz", timeout=60)
        return answer.status_code, answer.json()["checks"]["events"]
    except requests.RequestException:
        return None


def test_a_client_that_does_not_read_is_dropped_and_others_go_on(system):
    system.start()
    deaf, ben = connect_deaf(system), Person().connect(system.url())
    ben.call("subscribe", collection="airports", filter='state = "TX"')
    for _ in range(30):
        system.data.announce_at_once([changed(None, alaskan("x" * 20_000)) for _ in range(100)])
        if dropped(system):
            break
    assert eventually(lambda: dropped(system))[0]["code"] == "reading_too_slowly"
    system.data.announce(changed(None, alaskan("still here", state="TX")))
    assert ben.hears("change")[0]["record"]["name"] == "still here"
    ben.leave()
    deaf.close()


def dropped(system) -> list[dict]:
    """What the log says of sockets that were."""
    return [line for line in system.log("api0") if line["event"] == "socket dropped"]


def connect_deaf(system) -> socket.socket:
    """A WebSocket client that subscribes and then never reads again."""
    import websocket

    plain = socket.create_connection(("127.0.0.1", system.ports[0]))
    plain.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
    client = websocket.WebSocket()
    client.connect(f"{system.url().replace('http', 'ws')}/socket.io/?EIO=4&transport=websocket", socket=plain)
    client.recv()
    client.send(f'40{{"token":"{Person().token()}"}}')
    client.recv()
    client.send('420["subscribe",{"collection":"airports"}]')
    assert '"ok"' in client.recv()
    return client
