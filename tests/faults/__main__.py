"""Plays the cells and writes down how they went: `python -m tests.faults [words]`, those whose name has all the words.

Ends with status 1 when one was bad; its logs and databases are kept, the folder is named.
"""

import argparse
import shutil
import signal
import sys
import tempfile
import time
from datetime import UTC, datetime
from pathlib import Path

from shared.testing.rabbit import NoRabbit
from tests.faults.brokers import BROKERS
from tests.faults.cells import Cell, every_cell
from tests.faults.databases import KINDS
from tests.faults.laboratory import Laboratory, Outcome
from tests.faults.page import has_held, note_outcomes, read_results, write_results
from tests.faults.pairs import pairwise


def main() -> int:
    """Plays what was asked for."""
    asked = _arguments()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: sys.exit("interrupted"))
    results = read_results()
    cells = [cell for cell in every_cell() if not cell.reason_against()]
    cells = [cell for cell in cells if not (asked.missing and has_held(results, asked.broker, cell))]
    cells = [cell for cell in (pairwise(cells) if asked.pairs else cells) if all(w in cell.name for w in asked.words)]
    folder, begun = Path(tempfile.mkdtemp(prefix="quintet-faults-")), time.monotonic()
    outcomes = play(cells, folder, asked.broker, asked.lanes)
    bad = [outcome for outcome in outcomes if outcome.slip]
    if not asked.dry:
        write_results(note_outcomes(read_results(), asked.broker, outcomes, datetime.now(UTC).date()))
    if not bad:
        shutil.rmtree(folder)
    print(f"{len(outcomes)} cells, {len(bad)} bad, {time.monotonic() - begun:.0f} s")
    return bool(bad)


def play(cells: list[Cell], folder: Path, broker: str, lanes: int) -> list[Outcome]:
    """Plays the cells in as many lanes on each database, and tells of each on a line."""
    outcomes: list[Outcome] = []

    def note(outcome: Outcome) -> None:
        outcomes.append(outcome)
        word = "BAD " if outcome.slip else "held"
        print(f"{len(outcomes):3}/{len(cells)} {outcome.seconds:5.1f} s  {word}  {outcome.cell.name}", flush=True)
        if outcome.slip:
            print(f"    {outcome.slip}\n    {outcome.folder}", flush=True)

    kinds = {cell.database for cell in cells}
    lab = Laboratory(folder, BROKERS[broker], {kind: lanes for kind in KINDS if kind in kinds})
    try:
        lab.play(cells, note)
    finally:
        lab.close()
    return outcomes


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tests.faults", description=__doc__)
    parser.add_argument("words", nargs="*", help="only cells whose name has these, for example: relay killed sqlite")
    parser.add_argument("--broker", choices=BROKERS, default="redis")
    parser.add_argument("--lanes", type=int, default=2, help="how many at a time on each kind of database")
    parser.add_argument("--pairs", action="store_true", help="only the subset that the tests play")
    parser.add_argument("--missing", action="store_true", help="only those that docs/faults.json does not call held")
    parser.add_argument("--dry", action="store_true", help="leave docs/ as it is")
    return parser.parse_args()


if __name__ == "__main__":
    try:
        sys.exit(main())
    except NoRabbit as reason:
        sys.exit(f"No cell was played: {reason}")
