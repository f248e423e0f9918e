"""Explores longer: `python -m shared.bus.tests.model RUNS [FIRST_SEED]`; exit status 1 when a run was bad."""

import sys
import time

from shared.bus.tests.model.exploring import explore
from shared.bus.tests.model.faults import FAULTS, RESTORES


def main(runs: int, first: int = 0) -> int:
    """Half of the runs with faults of every kind, half with more restores and replays among them."""
    began, bad, parked = time.monotonic(), 0, 0
    seeds = range(first, first + runs)
    for faults, half in ((FAULTS, seeds[::2]), (RESTORES, seeds[1::2])):
        for seed, verdict in explore(half, faults=faults):
            parked += verdict.parked
            if not verdict.is_good:
                bad += 1
                print(f"seed {seed}: {verdict}", flush=True)
    print(f"{runs} runs in {time.monotonic() - began:.0f} s: {bad} bad, {parked} events parked")
    return 1 if bad else 0


if __name__ == "__main__":
    sys.exit(main(*(int(word) for word in sys.argv[1:])))
