"""A client that comes back: cut at any moment, it misses nothing, gets nothing twice, and says nothing twice."""

import random
import threading
from collections.abc import Iterator

import pytest

from demo.client import Refused
from demo.lasting import Lasting
from demo.rooms import Room
from demo.watching import Watching
from services.realtime.tests.clients import Person
from services.realtime.tests.making import record_changed as changed
from services.realtime.tests.test_sockets import alaskan
from shared.testing import eventually
from shared.testing.proxy import Proxy

pytestmark = pytest.mark.slow


@pytest.fixture
def proxy(system) -> Iterator[Proxy]:
    with Proxy(("127.0.0.1", system.ports[0])) as proxy:
        yield proxy


@pytest.fixture
def lasting(proxy) -> Iterator[Lasting]:
    lasting = Lasting(f"http://127.0.0.1:{proxy.port}", Person().token())
    yield lasting
    lasting.close()


@pytest.fixture
def cutting(proxy, lasting) -> Iterator[threading.Thread]:
    """Cuts all connections again and again; one that has not come back since the last time is given longer to."""
    is_over, chance = threading.Event(), random.Random(7)

    def cut() -> None:
        longest, returns = 0.5, 0
        while not is_over.wait(chance.uniform(0, longest)):
            longest = 0.5 if lasting.returns > returns else min(longest * 1.5, 20)
            returns = lasting.returns
            proxy.cut()

    thread = threading.Thread(target=cut)
    thread.start()
    yield thread
    is_over.set()
    thread.join()


def test_a_subscription_that_is_cut_again_and_again_tells_each_change_once_and_in_order(system, lasting, cutting):
    watching = Watching(lasting, "airports", 'state = "AK"')
    names = []
    while lasting.returns < 5:
        names.append(f"row {len(names)}")
        system.data.announce(changed(None, alaskan(names[-1])))
    told = watching.wait_for(len(names), within=120)
    assert [one.data["record"]["name"] for one in told] == names


def test_what_is_said_while_connections_are_cut_is_said_once_and_read_by_all(lasting, system, cutting):
    room, calm = Room(lasting, "cut-often"), Person().connect(system.url())
    calm.call("join", room="cut-often")
    texts = [f"text {number}" for number in range(20)]
    for text in texts:
        room.says(text)
    room.wait_for(len(texts))
    assert [one["text"] for one in room.messages] == texts
    assert [one["text"] for one in calm.hears("message", len(texts))] == texts
    calm.leave()


def test_one_who_finds_nobody_waits_and_one_who_is_not_wanted_does_not(system, proxy, lasting):
    watching = Watching(lasting, "airports")
    proxy.refuse()
    eventually(lambda: not lasting.is_connected)
    system.data.announce(changed(None, alaskan("meanwhile")))
    proxy.mend()
    assert watching.wait_for(1, within=60)[0].data["record"]["name"] == "meanwhile"
    with pytest.raises(Refused) as refused:
        Lasting(f"http://127.0.0.1:{proxy.port}", "no token")
    assert refused.value.status == 401
