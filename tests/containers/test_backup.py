"""Backups of running containers: volumes that are lost come back, and one service while the others run."""

import re
import subprocess

import pytest

from demo.containers import Containers, said
from demo.system import ROOT
from demo.waiting import eventually
from demo.watching import id_in
from tests.containers.test_what_the_images_hold import CACHES, COMPILERS, opened
from tests.e2e.freezing import frozen, wait_until_whole
from tests.e2e.people import PORTRAIT, airport
from tests.e2e.writing import ids, variants_of, writing

pytestmark = pytest.mark.timeout(900)
WELL_WITHIN = 420
SUPERUSER = ("psql", "--quiet", "--username", "postgres", "--dbname", "postgres", "--command")


@pytest.fixture(scope="module", autouse=True)
def _operator_image(system):
    system.compose("build", "--quiet", "operator")


def operator(system: Containers, *words: str) -> str:
    """What the operator's command says in a container of its own."""
    return system.compose("run", "--rm", "-T", "operator", *words)


def takes(system: Containers) -> str:
    """Takes a backup; the archive's name."""
    return re.search(r"/backups/(quintet-\S+\.backup): ", operator(system, "backup", "create"))[1]


def test_volumes_that_are_lost_come_back(system, ada, ben, airports):
    pictured = ada.creates(airports, **airport())["id"]
    ada.uploads(airports, pictured, "photo", PORTRAIT, "image/jpeg")
    photo = eventually(lambda: variants_of(ada, airports, pictured), "the variants", within=60)
    with writing(ben, airports) as answered:
        before = {pictured, *answered}
        archive = takes(system)
        in_time = len(answered)
        eventually(lambda: len(answered) > in_time, "a write after the backup")
    late = ada.creates(airports, **airport(9))["id"]
    assert archive in operator(system, "backup", "list")
    assert "Sound" in operator(system, "backup", "verify", archive)

    system.compose("down", "--timeout", "20")
    for volume in ("postgres", "files"):
        said("docker", "volume", "rm", f"{system.project}_{volume}")
    assert "Restored" in operator(system, "restore", "--yes", archive)
    system.compose("up", "--detach", "--no-build")
    wait_until_whole(system, within=WELL_WITHIN)

    there = ids(ada, airports)
    assert before <= there
    assert late not in there
    again = ada.reads(airports, pictured)["photo"]
    assert again == photo
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
    photo = eventually(lambda: variants_of(ada, airports, pictured), "the variants", within=60)

    system.run_in("data", "sh", "-c", "rm -rf /files/files")
    system.compose("stop", "data", "data-bus")
    system.run_in("postgres", *SUPERUSER, "DROP DATABASE data WITH (FORCE)")
    assert "Restored" in operator(system, "restore", "--yes", "--service", "data", archive)
    system.compose("up", "--detach", "--no-build")
    wait_until_whole(system, within=WELL_WITHIN)

    assert before <= ids(ada, airports)
    again = eventually(lambda: variants_of(ada, airports, pictured), "the variants, told again", within=120)
    assert again["variants"].keys() == photo["variants"].keys()
    assert ada.api.send("GET", again["url"]).content == PORTRAIT.read_bytes()
    watching = ben.watches(airports)
    late = ada.creates(airports, **airport(7))["id"]
    eventually(lambda: late in [id_in(change) for change in watching.changes], "the socket tells of it")


def test_nothing_is_put_back_under_a_service_that_runs(system):
    archive = takes(system)
    with pytest.raises(AssertionError, match="stop all of its containers first"):
        operator(system, "restore", "--yes", archive)
    assert system.is_whole()


def test_the_operator_sees_the_bus_and_a_trace_from_within(system, ada, airports):
    answer = ada.api.send("POST", f"/v1/data/collections/{airports}/records", json=airport(5))
    trace = answer.headers["traceparent"].split("-")[1]
    eventually(lambda: "data.record_changed" in operator(system, "trace", trace), "the trace", within=30)
    assert "data.record_changed" in operator(system, "events", "tail", "-n", "5", "--service", "data")
    command = system.composed("run", "--rm", "-T", "operator", "bus", "status")
    told = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)  # 1: an alarm
    assert "worker" in told.stdout, told.stderr
    operator(system, "dead", "list")


def test_the_operator_s_image_holds_no_compiler_no_cache_and_no_tests(system):
    [tag] = re.findall(r"image: (quintet-operator:\S+)", system.compose("config"))
    image = opened(tag)
    assert [one for one in sorted(image.executables) if COMPILERS.fullmatch(one)] == []
    assert [path for path in sorted(image.paths) if CACHES.search(path)] == []
    assert [path for path in image.ours if "/tests/" in path] == []
    secrets = [value for name, value in system.known.items() if re.search("PASSWORD|SECRET", name) and len(value) > 12]
    assert [name for name, content in image.ours.items() if any(one.encode() in content for one in secrets)] == []
