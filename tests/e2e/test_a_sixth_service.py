"""A service of an author's own, made in a copy of the repository as docs/add-a-service.md says, and run for real."""

import subprocess
import sys
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
import requests

from demo.people import Person
from demo.system import System, found
from demo.waiting import eventually
from tests.e2e.authoring import a_copy_with_greeter, run


@pytest.fixture(scope="module")
def checkout() -> Iterator[Path]:
    with a_copy_with_greeter() as copy:
        yield copy


@pytest.fixture(scope="module")
def system(checkout) -> Iterator[System]:
    """The copy's system."""
    state = checkout / "var"
    try:
        run(checkout, "bin/quintet", "up", "--state", str(state), "--port", "0", "--mail-port", "0")
        yield replace(found(state, "admin@example.com", is_ours=True), folder=checkout)
    finally:
        run(checkout, "bin/quintet", "down", "--state", str(state))


def test_what_happens_in_it_comes_from_auth_and_reaches_mail_through_a_worker(system):
    person = Person("Ada", system).arrives()
    mail = person.mails.wait_for(person.email, "greeting", within=120)
    assert mail["subject"] == "Your job greeting is done"


def test_the_operator_sees_its_processes_and_the_gateway_its_readiness(system):
    def ready() -> set[str]:
        table = system.operated("status").stdout.splitlines()
        return {line.split()[0] for line in table if " yes " in line}

    eventually(lambda: {"greeter", "greeter-bus", "greeter-tasks"} <= ready(), "its processes are ready")
    eventually(lambda: requests.get(f"{system.url}/readyz/greeter", timeout=30).ok, "the gateway finds it ready")
    assert requests.get(f"{system.url}/v1/greeter/nothing", timeout=30).json()["code"] == "not_found"


def test_it_is_held_to_the_rules_of_the_others(checkout):
    contracts = [f"tests/contracts/test_{name}.py" for name in ("events", "pages", "asyncapi", "routes", "openapi")]
    told = ["-q", "-p", "no:cacheprovider", "services/greeter", "tests/architecture", *contracts]
    said = run(checkout, sys.executable, "-m", "pytest", *told)
    assert "passed" in said


def test_a_change_of_its_event_that_breaks_a_reader_is_refused(checkout):
    module = checkout / "shared/events/greeter.py"
    before = module.read_text()
    module.write_text(before.replace("    greeting_id: str\n", ""))
    try:
        done = subprocess.run(["bin/contracts"], cwd=checkout, capture_output=True, text=True, check=False)
    finally:
        module.write_text(before)
    assert done.returncode == 1
    assert "greeter.greeted.greeting_id is gone" in done.stderr


def test_one_that_breaks_the_rules_is_told_so(checkout):
    module = checkout / "services/greeter/sly.py"
    module.write_text('"""Looks into another service."""\n\nfrom services.auth.models import Account as LOOKED\n')
    try:
        done = subprocess.run(
            [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "tests/architecture/test_imports.py"],
            cwd=checkout, capture_output=True, text=True, check=False,
        )  # fmt: skip
    finally:
        module.unlink()
    assert done.returncode == 1
    assert "services.greeter is not allowed to import services.auth" in done.stdout
