"""What can happen to a process, its database's connection and the broker while it stands at a step."""

import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from shared.testing import eventually
from tests.faults.members import LEASE_SECONDS
from tests.faults.processes import pause_outside_transactions

if TYPE_CHECKING:
    from tests.faults.cells import Cell, Play


@dataclass(frozen=True, slots=True)
class Fault:
    """`strike` is called while the victim stands at its step, and has it go on where it still can."""

    name: str
    strike: Callable[["Play"], None]
    needs_proxies: bool = False
    wakes_late: bool = False
    reason_against: Callable[["Cell"], str] = lambda _cell: ""
    """Why a cell of this fault makes no sense; empty when it does."""


def kill(play: "Play") -> None:
    play.victim.kill()
    play.replace_victim()
    play.write_more()


def pause(play: "Play") -> None:
    """Stopped beyond its lease while another takes over and does everything; then it wakes and goes on."""
    holds_the_file = play.cell.step.in_transaction and play.cell.database == "sqlite"
    if holds_the_file:
        play.victim.pause()
    else:
        pause_outside_transactions(play.victim, play.system.databases[play.victim.service])
    play.replace_victim()
    play.write_more()
    if holds_the_file:
        time.sleep(LEASE_SECONDS * 1.3)  # nobody can take over: it holds the file's only write lock
    else:
        play.settle()
    play.victim.wake()
    _go_on(play)


def lose_database(play: "Play") -> None:
    play.system.proxies["database"].cut()
    _go_on(play)
    play.write_more()


def lose_commit(play: "Play") -> None:
    """The next commit is made, and the victim never hears of it."""
    proxy = play.system.proxies["database"]
    proxy.lose_answer(b"COMMIT")
    play.write_more()
    _go_on(play)
    eventually(proxy.has_lost_answer)


def lose_broker(play: "Play") -> None:
    play.system.proxies["broker"].cut()
    _go_on(play)
    play.write_more()


def lose_tail(play: "Play") -> None:
    play.system.broker.restart("tail")
    _go_on(play)
    play.write_more()


def lose_everything(play: "Play") -> None:
    play.system.broker.restart("all")
    _go_on(play)
    play.write_more()


def flush(play: "Play") -> None:
    play.system.broker.flush()
    _go_on(play)
    play.write_more()


def stay_off(play: "Play") -> None:
    """No broker from the beginning; from the step on where only a broker leads there."""
    if play.cell.step.needs_broker:
        play.system.broker.off()
    _go_on(play)
    play.write_more()
    play.settle(sent=False, errands=False)
    play.system.broker.on()


def _go_on(play: "Play") -> None:
    play.victim.go_on()
    play.victim.await_gone_on()


def _is_a_file(cell: "Cell") -> str:
    return "on SQLite there is none, the database is a file" if cell.database == "sqlite" else ""


FAULTS = [
    Fault("process killed", kill),
    Fault("process paused", pause, wakes_late=True),
    Fault("database connection lost", lose_database, needs_proxies=True, reason_against=_is_a_file),
    Fault("database commit unanswered", lose_commit, needs_proxies=True, reason_against=_is_a_file),
    Fault("broker connection lost", lose_broker, needs_proxies=True),
    Fault("broker killed, tail lost", lose_tail),
    Fault("broker restarted empty", lose_everything),
    Fault("broker flushed", flush),
    Fault("broker off throughout", stay_off),
]


def fault_named(name: str) -> Fault:
    """The declared fault of that name."""
    return next(fault for fault in FAULTS if fault.name == name)
