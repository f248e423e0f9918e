"""Step 7: Redis forgets everything."""

from demo.stage import Stage, Watch
from demo.waiting import ensure
from demo.watching import id_in

WRITES = 200


def redis_is_flushed_in_the_middle_of_a_burst(stage: Stage) -> None:
    """All 200 writes reach Ben, once each, in order."""
    before, watch, written = len(stage.watching.changes), Watch(), []
    for number in range(WRITES):
        if number == WRITES // 2:
            flush(stage)
        place = {"latitude": 60 + number / 1000, "longitude": -150.0, "state": "AK", "name": f"Burst {number}"}
        written.append(stage.ada.creates(stage.collection, iata=f"B{number}-{stage.run[:4]}", **place)["id"])
    writing = watch.seconds
    got = [id_in(change) for change in stage.watching.wait_for(before + WRITES)[before:]]
    ensure(len(set(got)) == len(got), f"{len(got) - len(set(got))} came twice")
    ensure(got == written, f"{len(got)} came, not the {WRITES} in their order")
    stage.tell(f"{WRITES} writes in {writing:.2f} s; all came to Ben, once each, in order, after {watch.seconds:.2f} s")


def flush(stage: Stage) -> None:
    """Flushes Redis, where that is allowed."""
    if not stage.may_flush:
        stage.tell("Redis was left alone: the story did not start this system (FLUSH=1 allows it)")
        return
    stage.system.flush_redis()
    stage.tell(f"FLUSHALL after {WRITES // 2} writes")
