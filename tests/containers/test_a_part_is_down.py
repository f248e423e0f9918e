"""What docs/operate.md says of each part that is down: what users see meanwhile, and that nothing accepted is lost."""

from collections.abc import Iterator
from contextlib import contextmanager

import pytest
import requests

from demo.containers import Containers
from demo.people import VERIFICATIONS, Person
from demo.waiting import eventually
from tests.e2e.freezing import frozen, wait_until_whole
from tests.e2e.people import airport

pytestmark = pytest.mark.timeout(900)
WELL_WITHIN = 300


@contextmanager
def down(system: Containers, *names: str) -> Iterator[None]:
    """Inside, these containers do not run; afterwards everything does, started as the page says."""
    system.compose("stop", "--timeout", "10", *names)
    try:
        yield
    finally:
        system.compose("up", "--detach", "--no-build", *names)
        wait_until_whole(system, within=WELL_WITHIN)


def ended(person: Person, job_id: str) -> dict | None:
    """The job, once it is no longer under way."""
    job = person.api.ask("GET", f"/v1/jobs/{job_id}")
    return job if job["state"] in ("succeeded", "failed") else None


def registers_and_hears(stranger: Person) -> None:
    """Somebody new gets the mail."""
    stranger.signs_up()
    hears(stranger)


def hears(stranger: Person) -> None:
    """The mail comes."""
    stranger.mails.wait_for(stranger.email, VERIFICATIONS, within=300)
    stranger.api.http.close()


def is_there(url: str) -> bool:
    """Whether something answers."""
    try:
        return requests.get(f"{url}/messages", timeout=30).ok
    except requests.RequestException:
        return False


def refusals(person: Person, *paths: str) -> set[tuple[int, str]]:
    """Status and code of what these paths answer."""
    answers = [person.api.send("GET", path) for path in paths]
    return {(answer.status_code, answer.json()["code"]) for answer in answers}


def test_without_the_gateway_nobody_gets_in_and_what_was_accepted_happens(system, ada):
    points = [{"id": str(number), "latitude": number, "longitude": 0.0} for number in range(10)]
    with frozen(system, "worker-tasks"):
        job = ada.api.ask("POST", "/v1/jobs", json={"kind": "geo.nearest", "input": {"points": points}})
        system.compose("stop", "gateway")
    with pytest.raises(requests.ConnectionError):
        requests.get(f"{system.url}/healthz", timeout=30)
    with down(system, "gateway"):
        pass
    done = eventually(lambda: ended(ada, job["id"]), "the job has ended", within=180)
    assert done["state"] == "succeeded"


def test_without_postgresql_every_service_says_unavailable_and_comes_back_by_itself(system, ada, airports):
    row = ada.creates(airports, **airport())["id"]
    with down(system, "postgres"):
        path = f"/v1/data/collections/{airports}/records"
        said = refusals(ada, path, f"{path}/{row}", "/v1/jobs", "/v1/auth/me")
        assert said <= {(503, "unavailable"), (503, "database_unavailable"), (504, "gateway_timeout")}
        assert requests.get(f"{system.url}/healthz", timeout=30).ok
        assert requests.get(f"{system.url}/readyz", timeout=60).status_code == 503
    assert ada.reads(airports, row)["id"] == row
    ada.creates(airports, **airport(1))
    registers_and_hears(Person("Cid", system))


def test_without_redis_writes_are_taken_and_reach_the_sockets(system, ada, ben, airports):
    watching = ben.watches(airports)
    with down(system, "redis"):
        rows = [ada.creates(airports, **airport(number))["id"] for number in range(5)]
        watching.expect([("created", row) for row in rows])


def test_without_data_the_others_answer_and_its_own_paths_are_a_bad_gateway(system, ada, airports):
    with down(system, "data"):
        said = refusals(ada, f"/v1/data/collections/{airports}/records")
        assert said <= {(502, "bad_gateway"), (504, "gateway_timeout")}
        assert ada.api.send("GET", "/v1/auth/me").ok
        assert ada.api.send("GET", "/v1/jobs").ok
    assert ada.lists(airports) == []


def test_without_a_bus_role_writes_are_taken_and_what_follows_waits(system, ada, ben, airports):
    watching = ben.watches(airports)
    with down(system, "data-bus"):
        row = ada.creates(airports, **airport())["id"]
    watching.expect([("created", row)], within=180)


def test_without_the_mail_server_one_registers_and_the_mail_comes_later(system):
    stranger = Person("Dora", system)
    with down(system, "mail-catcher"):
        stranger.signs_up()
    eventually(lambda: is_there(system.mails_url), "the mail server answers", within=180)
    hears(stranger)


def test_without_workers_jobs_and_mails_are_accepted_and_done_later(system):
    stranger = Person("Eve", system)
    with down(system, "mail-tasks", "worker-tasks", "beat"):
        stranger.signs_up()
        assert stranger.mails.to(stranger.email) == []
    hears(stranger)
