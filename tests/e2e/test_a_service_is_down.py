"""A service, a worker or the broker is away: what was accepted happens all the same, and others don't notice."""

import pytest

from demo.containers import Containers
from demo.people import VERIFICATIONS, Person
from demo.stage import Watch
from demo.waiting import DidNotHappen, eventually
from tests.e2e.freezing import frozen, kill, strike, unminded, wait_until_whole
from tests.e2e.people import PORTRAIT, airport

POINTS = [{"id": str(number), "latitude": number, "longitude": 0.0} for number in range(10)]


@pytest.fixture(autouse=True)
def whole_afterwards(in_our_hands, cast):
    yield  # before the people of the scenario leave
    wait_until_whole(in_our_hands)


@pytest.fixture
def photographed(ada, airports) -> str:
    """The id of a record for a photograph."""
    return ada.creates(airports, **airport())["id"]


def test_one_can_register_while_mail_is_away_and_the_mail_comes_when_it_is_back(system, cast):
    stranger = Person("Dora", system)
    with frozen(system, "mail", "mail-bus", "mail-tasks"):
        stranger.signs_up()
        assert stranger.mails.to(stranger.email) == []
    stranger.mails.wait_for(stranger.email, VERIFICATIONS, within=180)
    assert len(stranger.mails.to(stranger.email)) == 1
    stranger.api.http.close()


def test_a_picture_waits_for_a_worker_that_is_away(system, ada, airports, photographed):
    with frozen(system, "worker", "worker-bus", "worker-tasks"):
        shown = ada.uploads(airports, photographed, "photo", PORTRAIT, "image/jpeg")
        assert shown["photo"]["variants"] == {}
    eventually(lambda: ada.reads(airports, photographed)["photo"]["variants"], "the variants", within=180)


def test_a_picture_survives_the_killing_of_its_worker(system, ada, airports, photographed):
    ada.uploads(airports, photographed, "photo", PORTRAIT, "image/jpeg")
    kill(system, "worker-tasks", "worker-bus", "data-bus")
    eventually(lambda: ada.reads(airports, photographed)["photo"]["variants"], "the variants", within=300)
    wait_until_whole(system)


def test_reading_and_writing_go_on_while_auth_is_away(system, ada, airports):
    ada.creates(airports, **airport(0))
    with frozen(system, "auth", "auth-bus"):
        for number in range(1, 4):
            row = ada.creates(airports, **airport(number))
            assert ada.reads(airports, row["id"])["version"] == 1


def test_writes_are_not_slowed_and_reach_the_sockets_while_the_broker_hangs(system, ada, ben, airports):
    watching = ben.watches(airports)
    rows, took = [], []
    with frozen(system, "redis"):
        for number in range(10):
            watch = Watch()
            rows.append(ada.creates(airports, **airport(number))["id"])
            took.append(watch.seconds)
        assert min(took) < 1, f"each request waited for the broker: {took}"
        watching.expect([("created", row) for row in rows])
    later = ada.creates(airports, **airport(10))["id"]
    watching.expect([("created", row) for row in [*rows, later]])


def test_a_job_that_was_submitted_while_the_broker_hangs_is_done_when_it_is_back(system, ada):
    with frozen(system, "redis"):
        job = ada.api.ask("POST", "/v1/jobs", json={"kind": "geo.nearest", "input": {"points": POINTS}})
        assert job["state"] == "queued"
    done = eventually(lambda: ended(ada, job["id"]), "the job ends", within=180)
    assert done["state"] == "succeeded"


def test_the_gateway_says_so_in_the_one_shape_of_errors_and_what_was_written_stays(system, ada, airports):
    row = ada.creates(airports, **airport())["id"]
    dead, refusals = system.pids("data"), []

    def answers() -> bool:
        answer = ada.api.send("GET", f"/v1/data/collections/{airports}/records/{row}")
        if not answer.ok:
            refusals.append((answer.headers["Content-Type"], answer.status_code, answer.json()["code"]))
        return answer.ok

    with unminded(system):
        strike(dead)
        answers()
    eventually(lambda: system.has_noticed(dead), "it is noticed that data died")
    eventually(answers, "data is back", within=180)
    # the engine may have a container back before the gateway gives up asking again for it
    assert refusals or isinstance(system, Containers), "data was never away"
    assert {kind for kind, _, _ in refusals} <= {"application/problem+json"}
    said = {(status, code) for _, status, code in refusals}
    assert said <= {(502, "bad_gateway"), (503, "unavailable"), (504, "gateway_timeout")}


def test_a_killed_realtime_loses_nothing_for_those_who_come_back(system, ada, ben, airports):
    watching = ben.watches(airports)
    kill(system, "realtime")
    rows = [ada.creates(airports, **airport(number))["id"] for number in range(5)]
    eventually(lambda: not watching.live.is_connected, "the socket is cut")
    wait_until_whole(system)
    again = watching.resumed_on(ben.connects())
    assert again.is_recovered
    again.expect([("created", row) for row in rows])


def ended(person: Person, job_id: str) -> dict | None:
    """The job once it has ended."""
    job = person.api.ask("GET", f"/v1/jobs/{job_id}")
    if job["state"] == "failed":
        raise DidNotHappen(f"the job failed: {job['problem']}")
    return job if job["state"] == "succeeded" else None
