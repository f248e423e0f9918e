"""What an operator sees of the bus, and does about it: the tail, the picture, an event that a handler gave up."""

import json
import secrets
import signal
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime

import pytest

from demo.system import ROOT, System
from demo.waiting import eventually
from tests.e2e.databases import does
from tests.e2e.freezing import frozen, kill, wait_until_whole
from tests.e2e.people import airport

POINTS = [{"id": str(number), "latitude": number, "longitude": 0.0} for number in range(3)]
HANDLER = "queue_job_finished"


class Watcher:
    """A `quintet events tail --follow` that runs beside the test."""

    def __init__(self, process: subprocess.Popen, file):
        self.process, self._file = process, file

    def events(self, subject: str) -> list[dict]:
        """What it has shown so far of subjects that begin so."""
        lines = [line for line in self._file.read_text().splitlines(keepends=True) if line.endswith("\n")]
        return [one for one in map(json.loads, lines) if one["subject"].startswith(subject)]


@pytest.fixture
def watcher(in_our_hands, tmp_path) -> Iterator[Watcher]:
    out = tmp_path / "tail"
    command = in_our_hands.operator("events", "tail", "-n", "1", "--follow", "--json")
    with out.open("w") as file:
        process = subprocess.Popen(command, cwd=ROOT, stdout=file)
    try:
        eventually(lambda: out.read_text(), "the tail has begun")
        yield Watcher(process, out)
    finally:
        process.send_signal(signal.SIGINT)  # as by Ctrl-C: Compose takes its container away
        process.wait(60)


def test_a_tail_shows_each_event_once_and_in_order_though_the_relay_dies(in_our_hands, watcher, ada, airports):
    rows = []
    for number in range(30):
        rows.append(ada.creates(airports, **airport(number))["id"])
        if number in (5, 15):
            kill(in_our_hands, "data-bus")
    subjects = [f"collections/{airports}/records/{row}" for row in rows]
    eventually(lambda: len(watcher.events(f"collections/{airports}/records/")) >= 30, "all are shown", within=180)
    shown = watcher.events(f"collections/{airports}/records/")
    assert [one["subject"] for one in shown] == subjects
    told = json.loads(in_our_hands.operate("events", "show", shown[0]["id"], "--json"))
    assert told["data"]["after"]["iata"] == "T0"
    wait_until_whole(in_our_hands)


def test_a_system_that_is_well_shows_no_alarm_and_every_consumer_comes_up_to_its_sources(in_our_hands, ada, airports):
    ada.creates(airports, **airport())
    picture = eventually(lambda: settled(in_our_hands), "nobody is behind", within=180)
    assert set(picture["services"]) == {"auth", "data", "realtime", "mail", "worker"}
    assert {one["consumer"] for one in picture["services"]["auth"]["consumers"]} >= {"data", "mail", "worker"}
    shown = eventually(lambda: led(in_our_hands), "each relay is led and no alarm raised", within=180)
    assert "mail.deliver" in shown


def test_an_event_that_a_handler_gives_up_is_seen_and_replayed_once_it_can_be_taken(in_our_hands, ada):
    """The handler refuses a job's end while it does not know the job's owner."""
    with recipient_taken_away(in_our_hands, ada.id):
        job = ada.api.ask("POST", "/v1/jobs", json={"kind": "geo.nearest", "input": {"points": POINTS}, "notify": True})
        eventually(lambda: held(in_our_hands, job["id"], "--waiting"), "the event waits", within=120)
        be_impatient(in_our_hands, job["id"])
        letter = eventually(lambda: held(in_our_hands, job["id"]), "the event is parked", within=120)
        assert "RecipientUnknown" in letter["last_error"]
        eventually(lambda: tells_of(in_our_hands, "events_parked"), "the status says that an event is parked")
    reference = f"mail/{letter['id']}"
    assert job["id"] in in_our_hands.operate("dead", "show", reference)
    assert "tried again" in in_our_hands.operate("dead", "replay", reference)
    ada.mails.wait_for(ada.email, job["id"], within=120)
    assert held(in_our_hands, job["id"]) is None
    assert in_our_hands.operated("dead", "drop", "--yes", reference).returncode == 1


def test_a_range_of_events_is_handled_again_by_the_service_that_is_told_to(in_our_hands, cast):
    began = datetime.now(UTC).isoformat()
    ada = cast.person("Ada")
    assert len(ada.mails.to(ada.email)) == 1
    words = ["--to", "mail", "--type", "auth.user_registered", "--since", began, "--handler", "queue_verification"]
    said = in_our_hands.operate("events", "replay", *words)
    assert "1 events handled again" in said
    assert said.endswith("Done.\n")
    eventually(lambda: len(ada.mails.to(ada.email)) == 2, "the mail comes again", within=120)


def test_a_service_that_is_away_is_said_not_hidden(in_our_hands):
    with frozen(in_our_hands, "worker"):
        said = eventually(lambda: without_worker_alone(in_our_hands), "the others answer")
    assert said.returncode == 1
    assert "worker does not answer" in said.stderr
    wait_until_whole(in_our_hands)


def without_worker_alone(system: System) -> subprocess.CompletedProcess | None:
    """What the status says where mail, which has commands, is not too busy to answer in time."""
    said = system.operated("bus", "status")
    return said if "mail.deliver" in said.stdout else None


def led(system: System) -> str | None:
    """The picture for people, once no alarm is raised and no relay's lease is between two leaders."""
    done = system.operated("bus", "status", "--partitions")
    return done.stdout if done.returncode == 0 and "nobody" not in done.stdout else None


def tells_of(system: System, alarm: str) -> bool:
    """Whether the status tells of an alarm, and its own status says so, too."""
    done = system.operated("bus", "status")
    return done.returncode == 1 and alarm in done.stdout


def settled(system: System) -> dict | None:
    """The whole picture, once no alarm is raised and no consumer is behind by its own word."""
    done = system.operated("bus", "status", "--json")
    if done.returncode:
        return None
    picture = json.loads(done.stdout)
    behind = [
        (source, name, at)
        for source, status in picture["services"].items()
        for name, own in picture["services"].items()
        for at in own["positions"]
        if at["source"] == source and at["number"] < status["given"][str(at["partition"])]
    ]
    return None if behind else picture


def held(system: System, job_id: str, *more: str) -> dict | None:
    """mail's dead letter (or what it lets wait) about a job."""
    words = ("dead", "list", "--service", "mail", "--handler", HANDLER, "--json", *more)

    def listed() -> subprocess.CompletedProcess | None:
        done = system.operated(*words)
        return done if done.returncode == 0 else None

    lines = eventually(listed, "mail lists what its handler was given and did not take").stdout.splitlines()
    return next((one for one in map(json.loads, lines) if one["subject"] == f"jobs/{job_id}"), None)


@contextmanager
def recipient_taken_away(system: System, user_id: str) -> Iterator[None]:
    """Inside, mail does not know where a user is reached."""
    known, other = user_id.replace("-", ""), secrets.token_hex(16)
    does(system, "mail", f"UPDATE recipients SET user_id = '{other}' WHERE user_id = '{known}'")
    try:
        yield
    finally:
        does(system, "mail", f"UPDATE recipients SET user_id = '{known}' WHERE user_id = '{other}'")


def be_impatient(system: System, job_id: str) -> None:
    """As if all tries but the last were over: they would take two minutes."""
    of_it = f"handler = '{HANDLER}' AND key = 'jobs/{job_id}'"
    does(system, "mail", f"UPDATE waiting SET attempts = 8, run_at = created_at WHERE {of_it}")
