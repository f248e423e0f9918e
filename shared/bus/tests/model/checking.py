"""The invariants: at the end nothing is lost, nothing doubled, and each key's events were handled in order."""

from collections import Counter
from dataclasses import dataclass, field

from shared.bus.tests.model.store import ALL, Happening, Replay, Store
from shared.bus.tests.model.world import Service, World

SETTLING_STEPS = 12_000


@dataclass
class Verdict:
    """What went wrong, each with where; and how many events were parked."""

    lost: list[str] = field(default_factory=list)
    doubled: list[str] = field(default_factory=list)
    disordered: list[str] = field(default_factory=list)
    parked: int = 0

    @property
    def is_good(self) -> bool:
        return not (self.lost or self.doubled or self.disordered)


def settle(world: World) -> None:
    """No more faults: everything that can happen happens, within a bounded number of steps."""
    world.broker.is_off = False
    for service in world.services.values():
        service.is_off = False
        while service.open:
            world.commit(service.name, 0)
    for process in world.processes:
        process.sleeps = 0
    for _ in range(SETTLING_STEPS // 50):
        for _ in range(50):
            world.step()
        if is_settled(world):
            return


def is_settled(world: World) -> bool:
    """Whether every event has its number, every consumer has reached it, nothing waits and no replay is under way."""
    return all(_is_settled(world, service) for service in world.services.values())


def _is_settled(world: World, service: Service) -> bool:
    store = service.store
    is_idle = all(row.number is not None for row in store.outbox.values())
    is_idle &= all(held.state == "parked" for held in store.waiting.values())
    is_idle &= all(replay.state != "running" for replay in store.replays.values())
    return is_idle and all(_has_reached(store, world.services[name].store, name) for name in service.sources)


def _has_reached(store: Store, source: Store, name: str) -> bool:
    places = [store.positions.get((name, partition)) for partition in range(source.partitions)]
    last = source.incarnation, source.assigned
    return all(at and (at.incarnation, at.number) == (last[0], last[1][at.partition]) for at in places)


def judge(world: World) -> Verdict:
    """Compares what each handler did, at first and in each replay, with what its source has in its log."""
    verdict = Verdict()
    for service in world.services.values():
        for name, handlers in service.handlers.items():
            for handler in handlers:
                _judge(world, service, name, handler, None, verdict)
        for replay in service.store.replays.values():
            if replay.state == "running":
                verdict.lost.append(f"{service.name}: replay {replay.id} never ends")
            for handler in service.handlers[replay.source]:
                if replay.handler in (None, handler) and replay.state == "done":
                    _judge(world, service, replay.source, handler, replay, verdict)
    return verdict


def _judge(world: World, service: Service, name: str, handler: str, replay: Replay | None, verdict: Verdict) -> None:
    which, store = replay and replay.id, service.store
    done = [event for who, event, what in store.effects if (who, event.source, what) == (handler, name, which)]
    aside = [held.event for held in store.waiting.values() if held.state == "parked" and held.replay == which
             and (held.handler, held.event.source) == (handler, name)]  # fmt: skip
    where, source = f"{service.name}.{handler} of {name}" + f" in replay {which}" * bool(replay), world.services[name]
    verdict.parked += len(aside)
    times = Counter(done) + Counter(aside)
    twice = [event for event, count in times.items() if count > 1]
    verdict.doubled += [f"{where}: {e}" for e in twice if e.value not in world.repeatable | world.void]
    verdict.lost += [f"{where}: {event}" for event in _owed(world, service, source, replay) if event not in times]
    # what a restored source no longer knows is void, in whatever order it was handled
    known = {event for event in source.store.log if event.value not in world.repeatable}
    for key in sorted({event.key for event in done}):
        first = list(dict.fromkeys(event for event in done if event.key == key and event in known))
        if first != [event for event in source.store.log if event in set(first)]:
            verdict.disordered.append(f"{where}: {key}")


def _owed(world: World, service: Service, source: Service, replay: Replay | None) -> list[Happening]:
    """What of the source's log the service must have handled."""
    excused = world.excused[service.name]
    if replay is None:
        return [event for event in source.store.log if event.value not in excused]
    excused = excused | world.gone
    ends = {cursor.partition: cursor.last for cursor in service.store.cursors.values() if cursor.replay == replay.id}
    rows = [row for row in source.store.outbox.values() if (row.number or ALL) <= ends.get(row.partition, 0)]
    return [row.event for row in rows if replay.since <= row.at <= replay.until and row.event.value not in excused]
