"""What a request has to do with the broker: nothing."""

import threading

from shared.bus import announce
from shared.bus.poke import Poker
from shared.bus.tests.ledger import Noted
from shared.testing import eventually


class StuckBroker:
    """A broker that never answers until it is let go."""

    def __init__(self):
        self.pokes, self.let_go = 0, threading.Event()

    def poke(self, _service):
        self.pokes += 1
        self.let_go.wait()


def test_a_commit_does_not_wait_for_a_broker_that_hangs(databases):
    source, _ = databases
    broker = StuckBroker()
    source.session_info["poke"] = Poker(broker, "ledger").poke
    commit(source, 0)
    eventually(lambda: broker.pokes == 1)
    for amount in range(1, 5):
        commit(source, amount)
    assert broker.pokes == 1  # the first one still hangs: all five commits came back meanwhile
    broker.let_go.set()
    eventually(lambda: broker.pokes == 2)  # the other four became one


def commit(source, amount: int) -> None:
    with source.transaction() as session:
        announce(session, Noted(account="account-0", amount=amount))


def test_a_rolled_back_transaction_pokes_nobody(databases):
    source, _ = databases
    pokes = []
    source.session_info["poke"] = lambda: pokes.append(1)
    try:
        with source.transaction() as session:
            announce(session, Noted(account="account-0", amount=1))
            raise ZeroDivisionError
    except ZeroDivisionError:
        pass
    assert pokes == []
