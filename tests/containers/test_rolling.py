"""The operator's `roll` on running containers, while clients read, write and listen."""

import secrets
import subprocess
import sys
import threading
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager

from demo.client import Quintet
from demo.containers import Containers
from demo.system import ROOT
from demo.watching import Watching, id_in
from tests.e2e.people import airport


def roll(system: Containers, *names: str) -> subprocess.CompletedProcess:
    """What the operator types."""
    words = ["roll", "--project", system.project, "--env-file", str(system.env_file), *names]
    command = [sys.executable, "-m", "quintet", *words]
    return subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=540, check=False)


class Load:
    """Reads and keyed writes, one after the other, for as long as it lasts."""

    def __init__(self, system: Containers, token: str, collection: str):
        self.api = Quintet(system.url, token)
        self.path = f"/v1/data/collections/{collection}/records"
        self.made, self.statuses, self.is_over = [], Counter(), threading.Event()

    def run(self) -> None:
        while not self.is_over.wait(0.05):
            key = {"Idempotency-Key": secrets.token_hex(16)}
            written = self.api.send("POST", self.path, json=airport(len(self.made)), headers=key)
            self.statuses[f"written {written.status_code}"] += 1
            if written.ok:
                self.made.append(written.json()["id"])
            for path in (self.path, "/v1/auth/me"):
                self.statuses[f"read {self.api.send('GET', path).status_code}"] += 1
        self.api.http.close()


@contextmanager
def under_load(system: Containers, token: str, collection: str) -> Iterator[Load]:
    load = Load(system, token, collection)
    client = threading.Thread(target=load.run)
    client.start()
    try:
        yield load
    finally:
        load.is_over.set()
        client.join()


def test_a_roll_costs_nobody_a_request_or_a_change(system, ada, ben, airports):
    watching = ben.watches(airports)
    before = {one["Id"] for one in system.containers("data", "realtime")}
    with under_load(system, ada.api.token, airports) as load:
        done = roll(system, "data", "realtime")
    assert done.returncode == 0, done.stderr
    assert not before & {one["Id"] for one in system.containers("data", "realtime")}
    assert set(load.statuses) == {"written 201", "read 200"}
    told, watching = come_back(ben, watching)
    watching.wait_for(len(load.made) - len(told))
    assert told + [id_in(one) for one in watching.changes] == load.made


def come_back(ben, watching: Watching) -> tuple[list[str], Watching]:
    """What was told before the instance ended, and the subscription that goes on from there."""
    assert [one.data["code"] for one in watching.live.wait_for("problem", bool)] == ["instance_ending"]
    again = watching.resumed_on(ben.connects())
    assert again.is_recovered
    return [id_in(one) for one in watching.changes], again


def test_what_can_not_stand_twice_is_not_rolled(system):
    done = roll(system, "gateway")
    assert (done.returncode, "published port" in done.stderr) == (1, True)
