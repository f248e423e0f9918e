"""Dead letters at the operator's desk: seen, put back in the order of their key, dropped, and who did it."""

from datetime import timedelta

import pytest
import sqlalchemy as sa

from shared import clock
from shared.bus.admin.errors import DeadLetterNotFound, DeadLetterWaits
from shared.bus.consuming.waiting import Waiting
from shared.bus.tables import outbox_numbers, positions, waiting
from shared.bus.tests.desk import Desk
from shared.bus.tests.ledger import Noted
from shared.testing import eventually
from shared.testing.identity import assert_problem, service_bearer

FIVE = [f"account-{number}" for number in range(5)]


class Stubborn:
    """A handler that refuses thirteen until it is mended, and keeps what it has taken."""

    def __init__(self, world):
        self.is_mended, self.taken = False, []

        @world.handlers.on(Noted)
        def take(session, event, _envelope):
            if event.amount == 13 and not self.is_mended:
                raise ValueError("not this one")
            self.taken.append((event.account, event.amount))


@pytest.fixture
def stubborn(world, monkeypatch) -> Stubborn:
    monkeypatch.setattr("shared.bus.decisions.queueing.MAX_ATTEMPTS", 2)
    monkeypatch.setattr("shared.bus.decisions.queueing.FIRST_PAUSE_SECONDS", 0.01)
    return Stubborn(world)


@pytest.fixture
def desk(world, stubborn) -> Desk:
    desk = Desk(world.target, world.handlers)
    yield desk
    desk.database.dispose()


@pytest.fixture
def handle(world):
    """Has (account, amount) pairs written, and the consumer step on until it has passed them all."""
    relay, consumer = world.relay(), world.consumer()
    assert relay.is_leading()

    def handle(*notes: tuple[str, int]) -> None:
        for account, amount in notes:
            world.write(account, amount)
        relay.step()
        with world.source.reading() as session:
            given = session.scalar(sa.select(sa.func.sum(outbox_numbers.c.assigned)))
        eventually(lambda: consumer.step(wait_seconds=0.02) >= 0 and passed(world) == given)

    return handle


@pytest.fixture
def park(world, handle):
    """Has thirteen written for each account, tried and given up."""

    def park(*accounts: str) -> None:
        handle(*((account, 13) for account in accounts))
        retry(world)

    return park


def passed(world) -> int:
    with world.target.reading() as session:
        return session.scalar(sa.select(sa.func.sum(positions.c.number)))


def retry(world) -> None:
    """Tries what waits until nothing does."""
    trying = Waiting(world.target, world.handlers)

    def is_done() -> bool:
        trying.step(set(range(8)))
        with world.target.reading() as session:
            return "waiting" not in session.scalars(sa.select(waiting.c.state)).all()

    eventually(is_done)


def dead_ids(desk: Desk, **query) -> list[int]:
    return [one["id"] for page in desk.pages("dead", **query) for one in page]


def test_a_dead_letter_is_seen_with_why_and_put_back_once_its_handler_is_mended(world, desk, stubborn, handle):
    handle(*(("account-0", amount) for amount in (12, 13)))
    retry(world)
    handle(("account-0", 14))
    assert stubborn.taken == [("account-0", 12), ("account-0", 14)]
    (letter,) = desk.ask("GET", "dead")["items"]
    assert (letter["handler"], letter["key"], letter["type"]) == ("take", "accounts/account-0", "ledger.noted")
    assert (letter["last_error"], letter["state"]) == ("ValueError: not this one", "parked")
    assert "data" not in letter
    assert desk.ask("GET", f"dead/{letter['id']}")["data"] == {"account": "account-0", "amount": 13}

    stubborn.is_mended = True
    answer = desk.ask("POST", f"dead/{letter['id']}/replay")
    assert answer["queued_behind"] == 0
    assert "late" in answer["note"]
    retry(world)
    assert stubborn.taken[-1] == ("account-0", 13)
    assert dead_ids(desk) == []


def test_what_comes_after_it_was_put_back_queues_behind_it(world, desk, stubborn, park, handle):
    park("account-0")
    (dead_id,) = dead_ids(desk)
    desk.ask("POST", f"dead/{dead_id}/replay")
    not_before(world, clock.now() + timedelta(hours=1))
    handle(("account-0", 15), ("account-1", 16))
    assert desk.ask("GET", f"dead/{dead_id}")["queued_behind"] == 1

    stubborn.is_mended = True
    not_before(world, clock.now())
    retry(world)
    assert stubborn.taken == [("account-1", 16), ("account-0", 13), ("account-0", 15)]


def not_before(world, run_at) -> None:
    """What waits is due then."""
    with world.target.transaction() as session:
        session.execute(sa.update(waiting).values(run_at=run_at))


def test_one_that_fails_again_is_parked_again(world, desk, stubborn, park):
    park("account-0")
    (dead_id,) = dead_ids(desk)
    desk.ask("POST", f"dead/{dead_id}/replay")
    assert dead_ids(desk) == []
    assert dead_ids(desk, state="waiting") == [dead_id]
    retry(world)
    assert dead_ids(desk) == [dead_id]


def test_what_waits_is_neither_put_back_nor_dropped(world, desk, stubborn, park):
    park("account-0")
    (dead_id,) = dead_ids(desk)
    desk.ask("POST", f"dead/{dead_id}/replay")
    assert_problem(desk.send("POST", f"dead/{dead_id}/replay"), DeadLetterWaits)
    assert_problem(desk.send("DELETE", f"dead/{dead_id}"), DeadLetterWaits)


def test_a_dropped_one_is_gone_and_who_dropped_it_is_logged(world, desk, stubborn, park, capsys):
    park("account-0")
    (dead_id,) = dead_ids(desk)
    desk.ask("DELETE", f"dead/{dead_id}", headers=service_bearer("operator", "mail"))
    for method, path in (("GET", ""), ("DELETE", ""), ("POST", "/replay")):
        assert_problem(desk.send(method, f"dead/{dead_id}{path}"), DeadLetterNotFound)
    line = next(line for line in capsys.readouterr().out.splitlines() if '"dead letter dropped"' in line)
    assert '"by":"services/operator"' in line
    assert "account-0" not in line


def test_many_are_put_back_the_eldest_first_a_bounded_number_at_a_time(world, desk, stubborn, park):
    park(*FIVE)
    everything = sorted(dead_ids(desk))
    first = desk.ask("POST", "dead/replay", json={"limit": 3, "handler": "take"})
    assert (first["ids"], first["next"]) == (everything[:3], everything[2])
    second = desk.ask("POST", "dead/replay", json={"limit": 3, "after": first["next"], "type": "ledger.noted"})
    assert (second["ids"], second["next"]) == (everything[3:], None)
    assert desk.ask("POST", "dead/replay", json={"handler": "another"})["ids"] == []


def test_lists_are_filtered_and_come_in_pages(world, desk, stubborn, park):
    park(*FIVE)
    assert [len(page) for page in desk.pages("dead", limit=2)] == [2, 2, 1]
    assert dead_ids(desk, limit=2) == sorted(dead_ids(desk), reverse=True)
    assert len(dead_ids(desk, type="ledger.noted", handler="take")) == 5
    assert dead_ids(desk, type="ledger.other") == dead_ids(desk, handler="another") == []


def test_an_id_that_no_row_can_have_is_not_found(desk):
    assert_problem(desk.send("GET", f"dead/{2**64}"), DeadLetterNotFound)
