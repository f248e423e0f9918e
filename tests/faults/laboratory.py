"""Plays cells, several at a time, each lane with a broker of its own."""

import itertools
import time
import traceback
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from queue import Empty, SimpleQueue

from shared.testing.servers import PostgresServer
from tests.faults.brokers import Broker
from tests.faults.cells import Cell, Play
from tests.faults.databases import KINDS, Databases, Kind
from tests.faults.systems import System


@dataclass(frozen=True, slots=True)
class Outcome:
    """How a cell went: `slip` says what did not hold, and is empty when everything did."""

    cell: Cell
    slip: str
    seconds: float
    folder: Path
    """Where a bad cell's logs and databases are."""


class Lane:
    """Plays one cell after the other on one kind of database, with a broker and a system of its own."""

    def __init__(self, folder: Path, kind: Kind, databases: Databases, new_broker: Callable[[Path], Broker]):
        self.folder, self.kind, self.databases = folder, kind, databases
        self.broker = new_broker(folder / "broker")
        self._numbers = itertools.count(1)
        self._system: System | None = None

    def play(self, cell: Cell) -> Outcome:
        """A cell that does not hold leaves its folder; the next begins with a new system."""
        number, begun = next(self._numbers), time.monotonic()
        if self._system and self._system.left_out != cell.left_out:
            self.end_system()
        system = self._system = self._system or self._new_system(number, cell.left_out)
        slip = ""
        try:
            play = Play(cell, system, number)
            try:
                play.run()
            finally:
                play.close()
            system.dismiss()
        except Exception as error:
            slip = str(error.__cause__ or error) or repr(error)
            (system.folder / "slip.txt").write_text(traceback.format_exc())
            self.end_system()
        return Outcome(cell, slip, time.monotonic() - begun, system.folder)

    def end_system(self) -> None:
        """Ends the processes; their logs and databases stay."""
        if self._system:
            self._system.close()
            self._system = None
        self.broker.on()

    def close(self) -> None:
        self.end_system()
        self.broker.stop()

    def _new_system(self, number: int, left_out: str) -> System:
        folder = self.folder / f"from-{number}"
        folder.mkdir()
        self.broker.flush()
        return System(folder, self.databases.fresh(self.kind, folder), self.broker, left_out)


class Laboratory:
    """A PostgreSQL server, and lanes for either kind of database (`new_broker` makes a broker in a folder)."""

    def __init__(self, folder: Path, new_broker: Callable[[Path], Broker], lanes: dict[Kind, int]):
        self._postgres = PostgresServer().start() if lanes.get("postgres") else None
        databases = Databases(folder, self._postgres)
        self._lanes = [
            Lane(folder / f"{kind}-{lane}", kind, databases, new_broker)
            for kind, count in lanes.items()
            for lane in range(count)
        ]

    def play(self, cells: Iterable[Cell], note: Callable[[Outcome], None]) -> None:
        """Plays them all; `note` is told of each."""
        todo: dict[Kind, SimpleQueue[Cell]] = {kind: SimpleQueue() for kind in KINDS}
        for cell in cells:
            todo[cell.database].put(cell)
        with ThreadPoolExecutor(len(self._lanes)) as pool:
            try:
                for done in [pool.submit(_play_all, lane, todo[lane.kind], note) for lane in self._lanes]:
                    done.result()
            finally:  # whoever interrupts waits for the cells under way only
                for rest in todo.values():
                    _drain(rest)

    def close(self) -> None:
        for lane in self._lanes:
            lane.close()
        if self._postgres:
            self._postgres.stop()


def _drain(todo: "SimpleQueue[Cell]") -> None:
    with suppress(Empty):
        while True:
            todo.get_nowait()


def _play_all(lane: Lane, todo: "SimpleQueue[Cell]", note: Callable[[Outcome], None]) -> None:
    with suppress(Empty):
        while True:
            note(lane.play(todo.get_nowait()))
