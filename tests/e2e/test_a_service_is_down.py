"""A service, a worker or the broker is away: what was accepted happens all the same, and others don't notice."""

import pytest

from demo.containers import Containers
from demo.people import VERIFICATIONS, Person
from demo.stage import Watch
from demo.waiting import DidNotHappen, eventually
from tests.e2e.freezing import frozen, kill, wait_until_whole
from tests.e2e.people import PORTRAIT, airport

POINTS = [{"id": str(number), "latitude": number, "longitude": 0.0} for number in range(10)]


@pytest.fixture(autouse=True)
def whole_afterwards(in_our_hands):
    yield
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
    stranger.mails.wait_for(stranger.email, VERIFICATIONS, within=90)
    assert len(stranger.mails.to(stranger.email)) == 1
    stranger.api.http.close()


def test_a_picture_waits_for_a_worker_that_is_away(system, ada, airports, photographed):
    with frozen(system, "worker", "worker-bus", "worker-tasks"):
        shown = ada.uploads(airports, photographed, "photo", PORTRAIT, "image/jpeg")
        assert shown["photo"]["variants"] == {}
    eventually(lambda: ada.reads(airports, photographed)["photo"]["variants"], "the variants", within=60)


def test_a_picture_survives_the_killing_of_its_worker(system, ada, airports, photographed):
    ada.uploads(airports, photographed, "photo", PORTRAIT, "image/jpeg")
    kill(system, "worker-tasks", "worker-bus", "data-bus")
    eventually(lambda: ada.reads(airports, photographed)["photo"]["variants"], "the variants", within=120)
    wait_until_whole(system)


def test_reading_and_writing_go_on_while_auth_is_away(system, ada, airports):
    ada.creates(airports, **airport(0))
    with frozen(system, "auth", "auth-bus"):
        for number in range(1, 4):
            row = ada.creates(airports, **airport(number))
            assert ada.reads(airports, row["id"])["version"] == 1


def test_writes_are_not_slowed_and_reach_the_sockets_while_the_broker_hangs(system, ada, ben, airports):
    watching = ben.watches(airports)
    with frozen(system, "redis"):
        watch = Watch()
        rows = [ada.creates(airports, **airport(number))["id"] for number in range(10)]
        assert watch.seconds < 5, "requests waited for the broker"
        watching.expect([("created", row) for row in rows], within=30)
        print(f"all came after {watch.seconds:.1f} s")
    later = ada.creates(airports, **airport(10))["id"]
    watching.expect([("created", row) for row in [*rows, later]], within=30)


def test_a_job_that_was_submitted_while_the_broker_hangs_is_done_when_it_is_back(system, ada):
    with frozen(system, "redis"):
        job = ada.api.ask("POST", "/v1/jobs", json={"kind": "geo.nearest", "input": {"points": POINTS}})
        assert job["state"] == "queued"
    done = eventually(lambda: ended(ada, job["id"]), "the job ends", within=90)
    assert done["state"] == "succeeded"


def test_the_gateway_says_so_in_the_one_shape_of_errors_and_what_was_written_stays(system, ada, airports):
    row = ada.creates(airports, **airport())["id"]
    kill(system, "data")
    refusals = []

    def answers() -> bool:
        answer = ada.api.send("GET", f"/v1/data/collections/{airports}/records/{row}")
        if not answer.ok:
            refusals.append((answer.headers["Content-Type"], answer.status_code, answer.json()["code"]))
        return answer.ok

    eventually(answers, "data is back", within=60)
    # the engine may have a container back before the gateway gives up asking again for it
    assert refusals or isinstance(system, Containers), "data was never away"
    assert {kind for kind, _, _ in refusals} <= {"application/problem+json"}
    assert {(status, code) for _, status, code in refusals} <= {(502, "bad_gateway"), (503, "unavailable")}


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
