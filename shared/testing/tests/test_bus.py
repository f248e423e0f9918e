"""Services joined within the process: the real relays and consumers, stepped to the end."""

from datetime import timedelta

import pytest

from shared import clock
from shared.bus import announce
from shared.bus.tests.ledger import Noted
from shared.events import Event
from shared.service import Service
from shared.testing.bus import bus_of
from shared.testing.trial import Trial


class Copied(Event):
    """An entry was copied."""

    amount: int

    @property
    def subject(self) -> str:
        return f"copies/{self.amount}"


SOURCE = Copied.source  # named after this module


@pytest.fixture
def ledger(tmp_path):
    trial = Trial(Service("ledger"), f"sqlite:///{tmp_path}/ledger.db")
    yield trial
    trial.service.database.dispose()


@pytest.fixture
def copier(tmp_path):
    """Copies what the ledger notes, and tells of it."""
    service = Service(SOURCE)
    service.heard, service.failures = [], []

    @service.on(Noted)
    def copy(session, event, _envelope):
        if service.failures:
            raise service.failures.pop()
        service.heard.append(event.amount)
        announce(session, Copied(amount=event.amount))

    trial = Trial(service, f"sqlite:///{tmp_path}/copier.db")
    yield trial
    trial.service.database.dispose()


def standing_still(later: timedelta = timedelta(0)):
    """The clock stands, now or later: what waits for its next attempt does not come of itself."""
    at = clock.now() + later
    return clock.told_by(lambda: at)


def note(ledger: Trial, *amounts: int) -> None:
    with ledger.service.database.transaction() as session:
        for amount in amounts:
            announce(session, Noted(account="account-0", amount=amount))


def test_what_one_announces_the_other_has_handled_once_it_is_settled(ledger, copier):
    with bus_of(ledger.app, copier.app) as bus:
        note(ledger, 1, 2, 3)
        bus.settle()
        assert copier.service.heard == [1, 2, 3]
        note(ledger, 4)
        bus.settle()
        bus.settle()
    assert copier.service.heard == [1, 2, 3, 4]
    assert copier.told == [Copied(amount=amount) for amount in (1, 2, 3, 4)]


def test_what_causes_something_else_is_followed_to_the_end(ledger, copier):
    third = Service("third")
    heard = []
    third.on(Copied)(lambda session, event, _envelope: heard.append(event.amount))
    url = str(copier.service.database.engine.url).replace("copier.db", "third.db")
    trial = Trial(third, url)
    with bus_of(trial.app, copier.app, ledger.app) as bus:
        note(ledger, 1, 2)
        bus.settle()
    trial.service.database.dispose()
    assert sorted(heard) == [1, 2]


def test_a_handler_that_fails_has_its_event_wait_and_then_handled(ledger, copier):
    copier.service.failures = [RuntimeError("again"), RuntimeError("not yet")]
    with bus_of(ledger.app, copier.app) as bus:
        note(ledger, 1, 2)
        with standing_still():
            bus.settle()
            assert (copier.service.heard, bus.waiting(SOURCE)) == ([], 2)  # the second queues behind the first
        for minutes in (1, 2):
            with standing_still(later=timedelta(minutes=minutes)):
                bus.settle()
        assert (copier.service.heard, bus.waiting(SOURCE)) == ([1, 2], 0)


@pytest.mark.parametrize("what", ["broker down", "broker forgets"])
def test_a_broker_that_fails_changes_nothing(ledger, copier, what):
    with bus_of(ledger.app, copier.app) as bus:
        note(ledger, 1)
        bus.settle()
        bus.broker.is_down = what == "broker down"
        note(ledger, 2)
        bus.step()
        bus.broker.is_down = False
        bus.broker.forget()
        note(ledger, 3)
        bus.settle()
    assert copier.service.heard == [1, 2, 3]


def test_nobody_is_poked_meanwhile_and_everybody_again_afterwards(ledger, copier):
    session_info = ledger.service.database.session_info
    before = session_info["poke"]
    with bus_of(ledger.app, copier.app):
        assert "poke" not in session_info
    assert session_info["poke"] == before
