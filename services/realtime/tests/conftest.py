"""Fixtures of realtime's tests."""

import pytest

from services.realtime.live.records import Records
from services.realtime.live.tracks import Track
from services.realtime.tests.clients import Person
from services.realtime.tests.making import PARTITIONS, Mailbox, Outbox, definition
from services.realtime.tests.system import System


class Instance:
    """An instance's records on a feed of the test's own, moved on by hand."""

    def __init__(self, outbox: Outbox, *, view: str | None = "true"):
        self.outbox, self.mailbox, self.track, self.pauses = outbox, Mailbox(), Track("data"), []
        self.definitions = [definition(view)]
        self.while_paused = lambda: None
        self.records = Records(
            self.track,
            PARTITIONS,
            self.mailbox,
            fetch=lambda: self.definitions,
            ask=outbox.ask,
            pause=self._pause,
        )
        self.begin()

    def begin(self) -> None:
        self.records.fetch_definitions()
        self.track.begin(self.outbox.ask(incarnation=None, numbers={}))
        self.records.begin()

    def pass_on(self, *entries) -> None:
        """What the hub does with entries that arrive."""
        from services.realtime.live.records import change_in
        from shared.events.data import RecordChanged

        for entry in self.track.following(entries):
            change = change_in(entry)
            act = self.records.change if isinstance(change.event, RecordChanged) else self.records.redefine
            act(change)

    def happen(self, *events) -> None:
        """Events are committed at the source and arrive here."""
        self.pass_on(*[self.outbox.add(event) for event in events])

    def _pause(self, _subscription, seconds: float) -> None:
        self.pauses.append(seconds)
        self.while_paused()


@pytest.fixture
def outbox() -> Outbox:
    return Outbox()


@pytest.fixture
def instance(outbox) -> Instance:
    return Instance(outbox)


@pytest.fixture
def new_instance(outbox):
    """Another instance on the same feed, begun now."""
    return lambda **options: Instance(outbox, **options)


@pytest.fixture(scope="module")
def system(tmp_path_factory, shared_redis):
    folder = tmp_path_factory.mktemp("realtime")
    system = System(folder, shared_redis, f"sqlite:///{folder}/realtime.db")
    try:
        yield system.start()
    finally:
        system.stop()


@pytest.fixture
def person(system):
    """Makes people who are connected, and has them leave in the end."""
    people = []

    def person(instance: int = 0, transport: str = "websocket", **options) -> Person:
        people.append(Person(**options))
        return people[-1].connect(system.url(instance), transport=transport)

    yield person
    for one in people:
        one.leave()
