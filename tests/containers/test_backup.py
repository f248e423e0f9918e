"""Backups of running containers: volumes that are lost come back, and one service while the others run."""

import re
from collections.abc import Iterator

import pytest

from demo.containers import Containers, said
from demo.waiting import eventually
from demo.watching import id_in
from tests.e2e.freezing import frozen, wait_until_whole
from tests.e2e.people import PORTRAIT, airport
from tests.e2e.writing import ids, variants_of, writing

pytestmark = pytest.mark.timeout(1200)
WELL_WITHIN = 420
SUPERUSER = ("psql", "--quiet", "--username", "postgres", "--dbname", "postgres", "--command")


def takes(system: Containers) -> str:
    """Takes a backup; the archive's name."""
    return re.search(r"/backups/(quintet-\S+\.backup): ", system.operate("backup", "create"))[1]


@pytest.fixture
def shop(system) -> Iterator[str]:
    """What is said of a service outside that is known."""
    system.operate("service", "add", "shop", "--reads", "data.*")
    yield system.operate("service", "list")
    system.operate("service", "remove", "shop")


def test_volumes_that_are_lost_come_back(system, ada, ben, airports, shop):
    pictured = ada.creates(airports, **airport())["id"]
    ada.uploads(airports, pictured, "photo", PORTRAIT, "image/jpeg")
    photo = eventually(lambda: variants_of(ada, airports, pictured), "the variants", within=180)
    with writing(ben, airports) as answered:
        before = {pictured, *answered}
        archive = takes(system)
        in_time = len(answered)
        eventually(lambda: len(answered) > in_time, "a write after the backup")
    late = ada.creates(airports, **airport(9))["id"]
    assert archive in system.operate("backup", "list")
    assert "Sound" in system.operate("backup", "verify", archive)

    system.compose("down", "--timeout", "20")
    for volume in ("postgres", "files", "outside-services"):
        said("docker", "volume", "rm", f"{system.project}_{volume}")
    assert "Restored" in system.operate("restore", "--yes", archive)
    system.compose("up", "--detach", "--no-build")
    wait_until_whole(system, within=WELL_WITHIN)

    there = ids(ada, airports)
    assert before <= there
    assert late not in there
    again = ada.reads(airports, pictured)["photo"]
    assert again == photo
    assert system.operate("service", "list") == shop
    assert ada.api.send("GET", again["url"]).content == PORTRAIT.read_bytes()
    for variant in again["variants"].values():
        assert ada.api.send("GET", variant["url"]).ok
    ada.signs_in()
    watching = ada.watches(airports)
    watching.expect([("created", ada.creates(airports, **airport(8))["id"])])


def test_a_service_put_back_under_writes_is_refilled_by_the_others(system, ada, ben, airports):
    pictured = ada.creates(airports, **airport())["id"]
    with frozen(system, "worker", "worker-bus", "worker-tasks"):
        ada.uploads(airports, pictured, "photo", PORTRAIT, "image/jpeg")
        with writing(ben, airports) as answered:
            before = {pictured, *answered}
            archive = takes(system)
            in_time = len(answered)
            eventually(lambda: len(answered) > in_time, "a write after the backup")
    photo = eventually(lambda: variants_of(ada, airports, pictured), "the variants", within=180)

    system.run_in("data", "sh", "-c", "rm -rf /files/files")
    system.compose("stop", "data", "data-bus")
    system.run_in("postgres", *SUPERUSER, "DROP DATABASE data WITH (FORCE)")
    assert "Restored" in system.operate("restore", "--yes", "--service", "data", archive)
    system.compose("up", "--detach", "--no-build")
    wait_until_whole(system, within=WELL_WITHIN)

    assert before <= ids(ada, airports)
    again = eventually(lambda: variants_of(ada, airports, pictured), "the variants, told again", within=300)
    assert again["variants"].keys() == photo["variants"].keys()
    assert ada.api.send("GET", again["url"]).content == PORTRAIT.read_bytes()
    watching = ben.watches(airports)
    late = ada.creates(airports, **airport(7))["id"]
    eventually(lambda: late in [id_in(change) for change in watching.changes], "the socket tells of it")


def test_nothing_is_put_back_under_a_service_that_runs(system):
    archive = takes(system)
    with pytest.raises(AssertionError, match="stop all of its containers first"):
        system.operate("restore", "--yes", archive)
    assert system.is_whole()


def test_the_operator_sees_the_bus_and_a_trace_from_within(system, ada, airports):
    answer = ada.api.send("POST", f"/v1/data/collections/{airports}/records", json=airport(5))
    trace = answer.headers["traceparent"].split("-")[1]
    eventually(lambda: "data.record_changed" in system.operate("trace", trace), "the trace")
    eventually(lambda: any(" gateway " in line for line in system.timeline(trace)), "the logs are in it")
    assert "data.record_changed" in system.operate("events", "tail", "-n", "5", "--service", "data")
    told = system.operated("bus", "status")  # 1: an alarm
    assert "worker" in told.stdout, told.stderr
    system.operate("dead", "list")
