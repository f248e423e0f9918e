"""Which incarnations of a source a service has followed, and the way back along them."""

from shared.bus.decisions import following
from shared.bus.tests.model.store import Position, Store

Steps = list[tuple[str, dict[int, int]]]


def go_on(store: Store, source: str, after: str | None, steps: Steps) -> None:
    """Notes the incarnations that followed `after`; what was followed after it instead is forgotten."""
    known = store.lineage.get(source, [])
    kept = next((place + 1 for place, (name, _) in enumerate(known) if name == after), None)
    first: Steps = [(after, {})] if after and kept is None else []
    store.lineage[source] = known[: kept or 0] + first + steps


def before(store: Store, source: str, incarnation: str) -> tuple[str, dict[int, int]] | None:
    """The incarnation that this one followed, and the numbers at which; None when nothing is known of it."""
    known = store.lineage.get(source, [])
    place = next((place for place, (name, _) in enumerate(known) if name == incarnation), 0)
    return (known[place - 1][0], known[place][1]) if place else None


def step_back(store: Store, source: str, known: list[Position]) -> None:
    """One transaction: stands in the incarnation before, up to where it counts; nothing when another process moved."""
    if not all(position.is_free(store) for position in known):
        return
    incarnation = known[0].incarnation
    earlier = before(store, source, incarnation)
    for position in known:
        name, number = following.step_back(position.partition, position.number, earlier)
        Position(source, position.partition, name, number).put(store)
    for cursor in store.cursors.values():
        replay = store.replays.get(cursor.replay)
        if replay is None or replay.source != source or replay.state != "running":
            continue
        if earlier is None:
            replay.state = "failed"
        elif cursor.incarnation == incarnation:
            cursor.incarnation, number = following.step_back(cursor.partition, cursor.number, earlier)
            _, cursor.last = following.step_back(cursor.partition, cursor.last, earlier)
            cursor.number = number
