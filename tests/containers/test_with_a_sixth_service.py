"""A service of an author's own comes into running containers, as docs/add-a-service.md says, and goes again."""

import json
import re
import shutil
from collections.abc import Iterator
from dataclasses import replace

import pytest
import requests

from demo.containers import Containers, said
from demo.people import Person
from demo.waiting import eventually
from tests.containers import probing
from tests.e2e.authoring import a_copy_with_greeter, run
from tests.e2e.freezing import wait_until_whole

TAG = "compose-test-sixth"
GREETER = ("greeter", "greeter-bus", "greeter-tasks")
PSQL = ("psql", "--username", "postgres", "--dbname")

pytestmark = pytest.mark.timeout(1200)


@pytest.fixture(scope="module")
def archive_of_five(system) -> str:
    """A backup of before the sixth came; its name."""
    return re.search(r"/backups/(quintet-\S+\.backup): ", system.operate("backup", "create"))[1]


@pytest.fixture(scope="module")
def grown(system, archive_of_five) -> Iterator[Containers]:
    """The same project, its data as it was, with greeter in it; afterwards without."""
    with a_copy_with_greeter() as copy:
        lock = copy / "services/mail/requirements.txt"  # it holds all that greeter needs, as `make lock` would find
        shutil.copy2(lock, copy / "services/greeter/requirements.txt")
        settings = system.env_file.read_text().replace("QUINTET_TAG='compose-test'", f"QUINTET_TAG='{TAG}'")
        (copy / ".env").touch(mode=0o600)
        (copy / ".env").write_text(settings)
        run(copy, "bin/quintet", "env")
        grown = replace(system, env_file=copy / ".env", folder=copy)
        try:
            grown.compose("build", "--quiet")
            grown.compose("build", "--quiet", "operator")
            grown.compose("up", "--detach", "postgres")
            wait_until_whole(grown, within=300)
            grown.run_in("postgres", "bash", "/docker-entrypoint-initdb.d/databases.sh")
            grown.compose("up", "--detach")
            wait_until_whole(grown, within=300)
            yield grown
        finally:
            system.compose("up", "--detach", "--no-build", "--remove-orphans")
            wait_until_whole(system, within=300)
            system.operate("bus", "retire", "--yes", "greeter")  # else it would be missed for good, which is an alarm
            made = said("docker", "images", "--format", "{{.Repository}}:{{.Tag}}", f"quintet-*:{TAG}").split()
            said("docker", "image", "rm", *made)


def test_it_hears_the_others_and_is_heard(grown):
    person = Person("Ada", grown).arrives()
    mail = person.mails.wait_for(person.email, "greeting", within=180)
    assert mail["subject"] == "Your job greeting is done"
    person.leaves()


def test_it_is_routed_by_the_gateway(grown):
    eventually(lambda: requests.get(f"{grown.url}/readyz/greeter", timeout=30).ok, "the gateway finds it ready")
    assert requests.get(f"{grown.url}/v1/greeter/nothing", timeout=30).json()["code"] == "not_found"


def test_it_is_kept_apart_like_the_others(grown):
    said_to_it = probing.databases(grown, "greeter", ["greeter", "mail"])
    assert said_to_it["greeter"] == "connected as greeter"
    assert "permission denied for database" in said_to_it["mail"]
    assert probing.redis(grown, "greeter", [("GET", "greeter:mark"), ("GET", "mail:mark")]) == ["done", "refused"]
    assert probing.surroundings(grown, "greeter-tasks")["writable"][-1] == "/tmp"


def test_what_was_there_before_is_still_there(grown, cast):
    assert cast.admin.api.ask("GET", "/v1/auth/me")["email"] == grown.admin_email


def test_the_operator_sees_it_on_the_bus(grown):
    done = grown.operated("bus", "status", "--json")
    picture = json.loads(done.stdout)
    assert "greeter" in picture["services"], done.stderr
    assert picture["silent"] == []
    assert {one["source"] for one in picture["services"]["greeter"]["positions"]} >= {"auth"}
    assert "greeter" in {one["consumer"] for one in picture["services"]["auth"]["consumers"]}
    assert "can't name a service" in grown.operated("service", "add", "greeter").stderr


def test_a_backup_has_its_database_and_brings_it_back(grown):
    person = Person("Ben", grown).arrives()
    person.mails.wait_for(person.email, "greeting", within=180)
    before = greetings(grown)
    assert before >= 1
    archive = re.search(r"/backups/(quintet-\S+\.backup): ", grown.operate("backup", "create"))[1]
    assert "greeter" in grown.operate("backup", "list")
    assert "Sound" in grown.operate("backup", "verify", archive)

    grown.compose("stop", *GREETER)
    grown.run_in("postgres", *PSQL, "postgres", "--command", "DROP DATABASE greeter WITH (FORCE)")
    assert "Restored" in grown.operate("restore", "--yes", "--service", "greeter", archive)
    assert greetings(grown) == before
    grown.compose("up", "--detach", "--no-build", *GREETER)
    wait_until_whole(grown, within=300)
    late = Person("Cleo", grown).arrives()
    late.mails.wait_for(late.email, "greeting", within=180)
    for one in (person, late):
        one.leaves()


def test_an_archive_of_before_it_came_says_that_it_lacks_it(grown, archive_of_five):
    said = grown.operated("restore", "--yes", archive_of_five)
    assert "no database of greeter" in said.stderr


def greetings(grown: Containers) -> int:
    """How many rows its own table has."""
    asked = ("--tuples-only", "--command", "SELECT count(*) FROM greetings")
    return int(grown.run_in("postgres", *PSQL, "greeter", *asked))
