"""A database put back to a backup: nothing that it holds is lost, what it no longer holds is void or said."""

import pytest
import sqlalchemy as sa

from shared.bus import replaying
from shared.bus.consuming import positions
from shared.bus.consuming.places import PositionMoved
from shared.bus.source import numbering, restoring
from shared.bus.tables import consumers, incarnations, lineage, missed, outbox, outbox_numbers
from shared.bus.tests.conftest import World
from shared.database import Database
from shared.testing import eventually
from shared.testing.backups import backup_of


class Story:
    """A world whose steps are made by hand: write, relay, handle, back up, put back."""

    def __init__(self, world: World):
        self.world = world
        world.keep_book()
        self.lead()
        self.consumer = world.consumer(seconds=0.1)
        self.backups = []

    def lead(self) -> None:
        """Another relay, of a process that knows nothing of the one before."""
        self.relay = self.world.relay(seconds=0.1)
        eventually(self.relay.is_leading)

    def write(self, *amounts: int) -> None:
        for amount in amounts:
            self.world.write(f"account-{amount % 3}", amount)
        self.number()

    def number(self) -> None:
        eventually(self.relay.is_leading)
        while self.relay.step():
            pass

    def handle(self, *amounts: int) -> None:
        """Steps until the book holds these amounts, and once more so that all of it is reported."""
        wanted = sorted(amounts)

        def is_there() -> bool:
            self.consumer.step(wait_seconds=0.01)
            return sorted(self.world.noted()) == wanted

        eventually(is_there)
        for watch in self.consumer.watch.values():
            watch.doubt()
        self.consumer.step(wait_seconds=0.01)
        assert sorted(self.world.noted()) == wanted

    def back_up(self, database: Database):
        url = database.engine.url.render_as_string(hide_password=False).replace("+psycopg", "")
        backup = backup_of(url)
        database.dispose()
        backup.take()
        self.backups.append(backup)
        return lambda: (database.dispose(), backup.put_back(), database.dispose())


@pytest.fixture
def story(world):
    story = Story(world)
    yield story
    for backup in story.backups:
        if hasattr(backup, "drop"):
            backup.drop()


def rows(database: Database, table: sa.Table) -> list:
    with database.reading() as session:
        return session.execute(sa.select(table)).all()


def test_every_relay_that_takes_over_begins_an_incarnation(story):
    story.write(1, 2)
    story.handle(1, 2)
    story.lead()
    assert len({row.incarnation for row in rows(story.world.source, incarnations)}) == 2
    story.write(3)
    story.handle(1, 2, 3)


def test_numbers_given_again_are_not_taken_for_old_ones_though_nobody_remembers(story, shared_redis):
    """No last numbers at the broker, old reports in the database, and the consumer asks only once it is overtaken."""
    story.write(0, 1, 2)
    story.handle(0, 1, 2)
    put_back = story.back_up(story.world.source)
    story.write(*range(3, 30))
    story.handle(*range(30))
    put_back()
    with shared_redis.client() as client:
        client.flushall()
    story.lead()
    story.write(*range(100, 160))
    story.handle(*range(30), *range(100, 160))


def test_a_backup_from_before_the_newest_incarnation_doubles_nothing(story):
    story.write(*range(10))
    story.handle(*range(10))
    put_back = story.back_up(story.world.source)
    for first in (10, 20):
        story.lead()
        story.write(*range(first, first + 10))
        story.handle(*range(first + 10))
    put_back()
    story.lead()
    story.write(*range(50, 60))
    story.handle(*range(30), *range(50, 60))


def test_a_database_put_back_twice_doubles_nothing(story):
    story.write(*range(10))
    story.handle(*range(10))
    put_back = story.back_up(story.world.source)
    for first in (10, 20, 30):
        story.lead()
        story.write(*range(first, first + 10))
        story.handle(*range(first + 10))
        put_back()
    story.lead()
    story.write(99)
    story.handle(*range(40), 99)


def test_a_consumer_that_has_nothing_in_common_with_the_source_handles_all_it_has(story):
    story.write(0, 1, 2)
    story.handle(0, 1, 2)
    put_back = story.back_up(story.world.source)
    story.lead()
    story.write(3)
    story.handle(0, 1, 2, 3)
    with story.world.target.transaction() as session:
        session.execute(sa.delete(lineage))
    put_back()
    story.lead()
    story.write(4)
    story.handle(0, 1, 2, 3, 0, 1, 2, 4)


def test_a_relay_notices_that_its_database_went_back_under_it(story):
    story.write(*range(9))
    story.handle(*range(9))
    go_back(story, 1)
    story.world.write("account-0", 100)
    assert story.relay.step() == 0  # nothing is numbered under the old name
    story.number()
    story.write(*range(101, 110))
    story.handle(*range(9), *range(100, 110))


def test_a_relay_numbers_nothing_while_the_database_names_another_incarnation_than_its_own(story):
    """Put back twice to one backup, the numbers and the lease may look as this process left them."""
    story.write(0)
    with story.world.source.transaction() as session:
        numbering.begin_incarnation(session)
    story.world.write("account-1", 1)
    assert story.relay.step() == 0
    story.number()
    story.handle(0, 1)
    assert len({row.incarnation for row in rows(story.world.source, incarnations)}) == 3


def test_a_question_that_knows_too_much_has_a_running_relay_begin_anew(story):
    """The relay's memory went back with its database, as in a snapshot of a machine."""
    story.write(*range(9))
    story.handle(*range(9))
    go_back(story, 1)
    with story.world.source.reading() as session:
        story.relay._last = dict(session.execute(sa.select(outbox_numbers)).all())
    story.write(*range(100, 102))

    def told() -> set[int]:
        for watch in story.consumer.watch.values():
            watch.doubt()
        story.consumer.step(wait_seconds=0.01)
        story.relay.is_leading() and story.relay.step()
        return set(story.world.noted())

    eventually(lambda: told() >= {*range(9), 100, 101})
    story.write(102)
    eventually(lambda: 102 in told())


def go_back(story: Story, number: int) -> None:
    """The source's rows as a backup had them that knew the first `number` of each partition."""
    with story.world.source.transaction() as session:
        session.execute(sa.delete(outbox).where(outbox.c.number > number))
        session.execute(sa.update(outbox_numbers).where(outbox_numbers.c.assigned > number).values(assigned=number))
        session.execute(sa.update(consumers).where(consumers.c.number > number).values(number=number))


def test_a_process_that_comes_late_to_a_source_takes_nothing_of_its_service_s_past(story):
    """One whose first question was answered before another process of its service began, and which then slept."""
    story.write(0)
    answer = story.world.feed.ask("ledger", consumer=None, incarnation=None, numbers={})
    story.handle(0)
    story.lead()
    story.write(1)
    story.handle(0, 1)
    before = rows(story.world.target, lineage)
    with pytest.raises(PositionMoved), story.world.target.transaction() as session:
        positions.adopt(session, "ledger", {}, answer)
    assert len(before) == 2
    assert rows(story.world.target, lineage) == before


def test_a_consumer_put_back_handles_again_what_its_database_no_longer_holds(story):
    story.write(*range(6))
    story.handle(*range(6))
    put_back = story.back_up(story.world.target)
    story.write(*range(6, 20))
    story.handle(*range(20))
    put_back()
    assert sorted(story.world.noted()) == list(range(6))
    story.consumer = story.world.consumer(seconds=0.1)
    story.handle(*range(20))
    with story.world.source.reading() as session:
        behind = consumers.join(outbox_numbers, outbox_numbers.c.partition == consumers.c.partition)
        lag = sa.select(sa.func.sum(outbox_numbers.c.assigned - consumers.c.number)).select_from(behind)
        assert session.scalar(lag) == 0


def test_a_consumer_put_back_holds_back_what_it_needs_again(story):
    story.write(*range(6))
    story.handle(*range(6))
    put_back = story.back_up(story.world.target)
    story.write(*range(6, 12))
    story.handle(*range(12))
    put_back()
    story.world.feed.questions = 0
    asking = story.world.consumer(seconds=0.1)
    asking.handling.handle = lambda place, entries: 0
    eventually(lambda: asking.step(wait_seconds=0.01) + story.world.feed.questions)
    with story.world.source.reading() as session:
        assert session.scalar(sa.select(sa.func.sum(consumers.c.number))) == 6


def test_what_a_consumer_put_back_can_not_get_any_more_is_kept_in_sight(story):
    story.write(*range(6))
    story.handle(*range(6))
    put_back = story.back_up(story.world.target)
    story.write(*range(6, 12))
    story.handle(*range(12))
    put_back()
    with story.world.source.transaction() as session:
        session.execute(sa.delete(outbox).where(outbox.c.number <= 3))
    story.consumer = story.world.consumer(seconds=0.1)
    eventually(lambda: story.consumer.step(wait_seconds=0.01) + 1 and 11 in story.world.noted())
    told = rows(story.world.target, missed)
    assert {(row.source, row.after, row.up_to) for row in told} == {("ledger", 2, 3)}
    assert len(story.world.noted()) == 12 - len(told)


def test_a_restore_that_is_marked_begins_an_incarnation_and_takes_the_lease(story):
    story.write(1, 2)
    story.handle(1, 2)
    with story.world.source.transaction() as session:
        name = restoring.begin_after_restore(session, 8)
    story.world.write("account-0", 3)
    assert story.relay.step() == 0
    assert name in {row.incarnation for row in rows(story.world.source, incarnations)}
    story.number()
    story.handle(1, 2, 3)


def replay_some(story: Story) -> None:
    """Begins a replay of all and ends in the middle of it."""
    before = len(story.world.noted())
    with story.world.target.transaction() as session:
        replaying.begin(session, source="ledger")
    eventually(lambda: story.consumer.step(wait_seconds=0.01) + 1 and len(story.world.noted()) > before)


def state_of_replay(story: Story) -> str:
    for watch in story.consumer.watch.values():
        watch.doubt()
    story.consumer.step(wait_seconds=0.01)
    with story.world.target.reading() as session:
        return replaying.progress(session)[0]["state"]


def test_a_replay_goes_on_when_its_source_is_put_back(story, monkeypatch):
    monkeypatch.setattr("shared.bus.consuming.replays.BATCH", 8)
    story.write(*range(30))
    story.handle(*range(30))
    put_back = story.back_up(story.world.source)
    story.lead()
    story.write(*range(30, 36))
    story.handle(*range(36))
    replay_some(story)
    put_back()
    story.lead()
    eventually(lambda: state_of_replay(story) == "done")
    assert sorted(amount for amount in story.world.noted() if amount < 30) == sorted([*range(30), *range(30)])
    assert story.world.noted("account-0")[:12] == list(range(0, 36, 3))


def test_a_replay_fails_when_nothing_of_it_is_known_any_more(story, monkeypatch):
    monkeypatch.setattr("shared.bus.consuming.replays.BATCH", 8)
    story.write(0)
    story.handle(0)
    put_back = story.back_up(story.world.source)
    story.lead()
    story.write(*range(1, 30))
    story.handle(*range(30))
    replay_some(story)
    with story.world.target.transaction() as session:
        session.execute(sa.delete(lineage))
    put_back()
    story.lead()
    eventually(lambda: state_of_replay(story) == "failed")
