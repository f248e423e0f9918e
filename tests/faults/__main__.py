"""Runs cells: `python -m tests.faults [words]`, every cell whose name holds all the words."""

import argparse
import sys
import tempfile
import time
from pathlib import Path

from tests.faults.brokers import RedisBroker
from tests.faults.cells import every_cell
from tests.faults.databases import KINDS
from tests.faults.laboratory import Laboratory, Outcome


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.faults")
    parser.add_argument("words", nargs="*")
    parser.add_argument("--lanes", type=int, default=2, help="of each kind of database")
    args = parser.parse_args()
    cells = [cell for cell in every_cell() if all(word in cell.name for word in args.words)]
    cells = [cell for cell in cells if not cell.reason_against()]
    kinds = {cell.database for cell in cells}
    lanes = {kind: args.lanes for kind in KINDS if kind in kinds}
    lab = Laboratory(Path(tempfile.mkdtemp(prefix="quintet-faults-")), RedisBroker, lanes)
    bad: list[Outcome] = []
    begun = time.monotonic()

    def note(outcome: Outcome) -> None:
        print(f"{outcome.seconds:5.1f} s  {'BAD ' if outcome.slip else 'held'}  {outcome.cell.name}", flush=True)
        if outcome.slip:
            bad.append(outcome)
            print(f"    {outcome.slip}\n    {outcome.folder}")

    try:
        lab.play(cells, note)
    finally:
        lab.close()
    print(f"{len(cells)} cells, {len(bad)} bad, {time.monotonic() - begun:.0f} s")
    return bool(bad)


if __name__ == "__main__":
    sys.exit(main())
