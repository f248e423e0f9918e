"""The story while containers' processes are killed at random from the host: they come back, and it ends as ever."""

import random
import secrets
import threading
from collections.abc import Iterator

import pytest
from requests import PreparedRequest
from requests.adapters import HTTPAdapter
from urllib3.util import Retry

from demo.containers import Containers, service_of
from demo.settings import DemoSettings
from demo.stage import Stage
from demo.steps import STEPS
from demo.waiting import patient
from tests.e2e.freezing import kill, wait_until_whole

APIS = ("auth", "data", "mail", "worker")
VICTIMS = (*APIS, "realtime-bus", *(f"{name}-bus" for name in APIS), "mail-tasks", "worker-tasks", "beat")
"""Neither realtime nor the gateway: with them go sockets, whose people resume (test_a_killed_realtime_…). Redis is
killed, and loses its file, in the story itself."""
PAUSES = (2.0, 5.0)
AGAIN = Retry(total=30, status_forcelist=(502, 503, 504), allowed_methods=None, backoff_factor=0.2, backoff_max=3)
LEASES = 5
"""What a killed worker had taken is done by another when its lease has run out, so all takes longer."""


class Patient(HTTPAdapter):
    """Asks again what was not answered, each write under one Idempotency-Key, as a client should."""

    def __init__(self) -> None:
        super().__init__(max_retries=AGAIN)

    def add_headers(self, request: PreparedRequest, **_: object) -> None:
        request.headers.setdefault("Idempotency-Key", secrets.token_hex(16))


class Killer(threading.Thread):
    """Kills one container's processes after another, in an order and with pauses that the seed gives."""

    def __init__(self, system: Containers, seed: int):
        super().__init__(name="killer", daemon=True)
        self.system, self.chance = system, random.Random(seed)
        self.is_over = threading.Event()
        self.killed: list[str] = []
        self.error: Exception | None = None

    def run(self) -> None:
        for name in self.order():
            if self.is_over.wait(self.chance.uniform(*PAUSES)):
                return
            try:
                if kill(self.system, name):
                    self.killed.append(name)
                    print(f"killed: {name}")
            except Exception as error:  # it must not pass for a calm story
                self.error = error
                return

    def order(self) -> Iterator[str]:
        """All of them in a random order, again and again."""
        while True:
            yield from self.chance.sample(VICTIMS, len(VICTIMS))


@pytest.fixture
def killer(system) -> Iterator[Killer]:
    seed = DemoSettings().e2e_seed or secrets.randbelow(2**31)
    print(f"E2E_SEED={seed}")
    killer = Killer(system, seed)
    killer.start()
    yield killer
    killer.is_over.set()
    killer.join(60)
    wait_until_whole(system, within=180)


@pytest.mark.timeout(900)
def test_the_story_happens_though_containers_are_killed(system, killer):
    before = restarts(system)
    stage = Stage(system, print, may_flush=True)
    for person in stage.people:
        person.api.http.mount("http://", Patient())
    with patient(LEASES):
        try:
            for title, step in STEPS:
                with stage.step(step.__name__):
                    print(title)
                    step(stage)
        finally:
            killer.is_over.set()
            killer.join(60)
            wait_until_whole(system, within=180)
            stage.clear()
    assert killer.error is None
    assert len(killer.killed) >= 5, "hardly anything was killed"
    after = restarts(system)
    assert [name for name in killer.killed if after[name] <= before[name]] == [], "it did not come back by itself"


def restarts(system: Containers) -> dict[str, int]:
    """How often the engine has started each container anew."""
    return {service_of(one): one["RestartCount"] for one in system.containers()}
