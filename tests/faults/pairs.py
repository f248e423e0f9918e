"""A subset of the cells in which every pair of a step, a fault and a database still meets."""

from collections import Counter
from itertools import combinations

from tests.faults.cells import Cell


def pairwise(cells: list[Cell]) -> list[Cell]:
    """Greedy and always the same: the cell that brings most pairs not met yet; where several do, on the database that
    was chosen less often."""
    open_pairs = {pair for cell in cells for pair in pairs_of(cell)}
    chosen: list[Cell] = []
    counts = Counter[str]()
    while open_pairs:
        best = max(cells, key=lambda cell: (len(pairs_of(cell) & open_pairs), -counts[cell.database]))
        chosen.append(best)
        counts[best.database] += 1
        open_pairs -= pairs_of(best)
    return sorted(chosen, key=cells.index)


def pairs_of(cell: Cell) -> set[tuple]:
    """Every two of what makes the cell."""
    return set(combinations((cell.step.name, cell.fault.name, f"on {cell.database}"), 2))
