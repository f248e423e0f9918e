"""Instances end and die under their clients, who notice nothing, or come back and have missed nothing."""

import secrets
import signal
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor, wait

import psutil
import pytest
from socketio.exceptions import SocketIOError

from demo.client import Quintet, Refused
from demo.waiting import eventually
from demo.watching import Watching, id_in
from tests.e2e.freezing import end_at_once, standing_still, unwatched, wait_until_whole
from tests.e2e.people import airport

BUSY = (503, 504)
"""What a machine that is too slow has answered, whoever died: who has a key asks again under it."""


@pytest.fixture(autouse=True, scope="module")
def two_of_each(system) -> Iterator[None]:
    """Two instances of data and of realtime, and one again afterwards."""
    if not system.is_operated:
        pytest.skip("the system that was given is not ours to scale")
    system.scale(data=2, realtime=2)
    wait_until_whole(system)
    yield
    wait_until_whole(system)
    system.scale(data=1, realtime=1)


@pytest.fixture(autouse=True)
def whole_afterwards(system, cast):
    yield  # before the people of the scenario leave
    wait_until_whole(system)


def create(ada, collection: str, number: int, **headers: str) -> int:
    """The status of a write on a connection of its own."""
    api = Quintet(ada.system.url, ada.api.token)
    path = f"/v1/data/collections/{collection}/records"
    status = api.send("POST", path, json=airport(number), headers=headers).status_code
    api.http.close()
    return status


def answers_though_an_instance_dies(system, make: Callable[[int], int]) -> list[int]:
    """The statuses of writes of which at least one was in the hands of an instance when that died."""
    asked, dying = list[Future](), system.instances("data")[:1]
    with ThreadPoolExecutor(8) as pool, unwatched(system), standing_still(dying):

        def one_has_no_answer() -> bool:
            asked.extend([pool.submit(make, len(asked) + number) for number in range(8)])
            return bool(wait(asked[-8:], timeout=10).not_done)  # the other instance answers within that

        # The gateway leaves an instance out for a while after it refused, though it is well again.
        eventually(one_has_no_answer, "a write is in the hands of the instance that is frozen", every=0.5)
        end_at_once(system, dying)
        return [one.result() for one in asked]


def test_a_write_with_a_key_is_done_once_though_its_instance_dies(system, ada, airports):
    def write(number: int) -> int:
        key = secrets.token_hex(8)
        answers = [create(ada, airports, number, **{"Idempotency-Key": key})]
        while answers[-1] in BUSY and len(answers) < 5:
            answers.append(create(ada, airports, number, **{"Idempotency-Key": key}))
        return answers[-1]

    statuses = answers_though_an_instance_dies(system, write)
    assert set(statuses) == {201}
    assert sorted(int(row["iata"][1:]) for row in ada.lists(airports)) == [*range(len(statuses))]


def test_a_write_without_a_key_is_not_repeated_and_its_client_is_told(system, ada, airports):
    statuses = answers_though_an_instance_dies(system, lambda number: create(ada, airports, number))
    assert {201, 502} <= set(statuses) <= {201, 502, *BUSY}
    surely, perhaps = statuses.count(201), statuses.count(504)  # nobody knows of what was too slow to be answered
    assert surely <= ada.counts(airports) <= surely + perhaps


@pytest.mark.parametrize("transport", ["websocket", "polling"])
def test_sockets_of_an_instance_that_ends_go_on_at_the_other(system, ada, ben, airports, transport):
    watching = [ben.watches(airports, transport=transport) for _ in range(6)]
    told, rows = [[] for _ in watching], []
    for number in range(2):
        ending = system.instances("realtime")[number]
        psutil.Process(ending).send_signal(signal.SIGTERM)
        for _ in range(60):
            rows.append(ada.creates(airports, **airport(len(rows)))["id"])
            watching = [come_back(ben, one, seen, transport) for one, seen in zip(watching, told, strict=True)]
        wait_until_another_is_well(system, ending)
    for watched, seen in zip(watching, told, strict=True):
        assert told_in_the_end(ben, watched, seen, transport, len(rows)) == rows


def wait_until_another_is_well(system, ended: int) -> None:
    """Returns once an instance has ended and its place is taken."""
    eventually(lambda: ended not in system.instances("realtime"), "it has ended", within=180)
    wait_until_whole(system)


def told_in_the_end(ben, watching: Watching, seen: list[str], transport: str, count: int) -> list[str]:
    """What a watcher has been told once that is so many; an instance may have ended after the last of them."""

    def is_told() -> bool:
        nonlocal watching
        watching = come_back(ben, watching, seen, transport)
        return len(seen) + len(watching.changes) >= count

    eventually(is_told, f"{count} changes are told", within=120)
    return seen + [id_in(change) for change in watching.changes]


def come_back(ben, watching: Watching, seen: list[str], transport: str) -> Watching:
    """The same subscription; on a new socket where the old one is gone, as any client's library has it."""
    if watching.live.is_connected:
        return watching
    seen += [id_in(change) for change in watching.changes]

    def again() -> Watching | None:
        try:
            return watching.resumed_on(ben.connects(transport=transport))
        except SocketIOError:
            return None  # where it came to has begun to end meanwhile
        except Refused as refused:
            if refused.status not in BUSY:
                raise
            return None

    resumed = eventually(again, "it comes back", within=120)
    assert resumed.is_recovered
    return resumed
