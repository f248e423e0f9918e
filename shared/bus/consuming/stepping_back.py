"""A source that does not know this service's incarnation was put back to an older backup: back to what both know."""

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from shared.bus import replaying
from shared.bus.consuming import lineage
from shared.bus.consuming.positions import Position
from shared.bus.decisions import following
from shared.bus.tables import replay_cursors, replays
from shared.logs import get

log = get("bus")


def step_back(session: Session, source: str, known: list[Position]) -> None:
    """Stands in the incarnation before, up to where it counts; where there is none, before everything.

    The source is asked again from there, and so on until it knows the incarnation. Raises PositionMoved.
    """
    incarnation = known[0].incarnation
    earlier = lineage.before(session, source, incarnation)
    for position in known:
        name, number = following.step_back(position.partition, position.number, earlier)
        position.go_to(session, name, number)
    if earlier is None:
        _fail_replays(session, source)
        log.error("nothing in common with a source: all that it still has is handled again", source=source)
        return
    _move_cursors(session, source, incarnation, earlier)
    log.warning("a source knows less than it told: back to an earlier incarnation", source=source, to=earlier[0])


def _move_cursors(session: Session, source: str, incarnation: str, earlier: tuple[str, dict[int, int]]) -> None:
    of_source = select(replays.c.id).where(replays.c.source == source, replays.c.state == replaying.RUNNING)
    mine = replay_cursors.c.replay.in_(of_source), replay_cursors.c.incarnation == incarnation
    for row in session.execute(select(replay_cursors).where(*mine)).all():
        name, number = following.step_back(row.partition, row.number, earlier)
        _, last = following.step_back(row.partition, row.last, earlier)
        is_row = (replay_cursors.c.replay == row.replay) & (replay_cursors.c.partition == row.partition)
        session.execute(update(replay_cursors).where(is_row).values(incarnation=name, number=number, last=last))


def _fail_replays(session: Session, source: str) -> None:
    running = select(replays.c.id).where(replays.c.source == source, replays.c.state == replaying.RUNNING)
    for replay in session.scalars(running).all():
        replaying.fail(session, replay, "the source was put back to before what the replay knew of it")
