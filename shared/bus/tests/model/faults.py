"""What goes wrong between two steps, and what an operator does to a system that runs."""

from random import Random

from shared.bus.tests.model.source import RELAY, WINDOW_SECONDS, revoke
from shared.bus.tests.model.store import Store
from shared.bus.tests.model.world import Process, Service, World

LONGEST_SLEEP = 60
"""In steps of its own; a lease is lost within a quarter of them."""


def kill(world: World, random: Random) -> None:
    random.choice(world.processes).steps = None


def pause(world: World, random: Random) -> None:
    """Stops a process for up to several leases."""
    random.choice(world.processes).sleeps = random.randint(5, LONGEST_SLEEP)


def harm_broker(world: World, random: Random) -> None:
    broker = world.broker
    harms = [broker.save, broker.trim, broker.double, broker.reorder, broker.flush, broker.lose_tail, broker.switch]
    random.choice(harms)(random)


def switch_service(world: World, random: Random) -> None:
    """All of a service's processes end, or start again."""
    switch(world, random.choice(list(world.services.values())))


def switch(world: World, service: Service) -> None:
    service.is_off = not service.is_off
    service.open.clear()
    for process in processes_of(world, service):
        process.steps = None


def back_up(world: World, random: Random) -> None:
    service = random.choice(list(world.services.values()))
    service.backups = [*service.backups[-2:], service.store.copy()]


def restore(world: World, random: Random) -> None:
    """Puts a service's database back by the command, which marks that."""
    service = put_back(world, random)
    if service is not None and service.store.assigned:
        revoke(service.store, RELAY, world.now)
        service.store.begin_incarnation(world.new_name(), service.store.assigned)


def restore_unsaid(world: World, random: Random) -> None:
    """Puts a service's database back without a word to anybody."""
    put_back(world, random)


def processes_of(world: World, service: Service) -> list[Process]:
    return [process for process in world.processes if process.service is service]


def put_back(world: World, random: Random) -> Service | None:
    """Every connection to the database ends; some processes end with it, others go on with what they remember."""
    service = random.choice([service for service in world.services.values() if service.backups] or [None])
    if service is None:
        return None
    for process in processes_of(world, service):
        if random.random() < 0.5:
            process.steps = None
        process.lose_connection()
    store = random.choice(service.backups).copy()
    excuse_what_is_gone(world, service, store)
    world.note_put_back(service, store)
    service.open.clear()
    service.store, service.unreported = store, set(service.sources)
    for consumer in world.services.values():
        consumer.unreported |= {service.name} & set(consumer.sources)
    return service


def excuse_what_is_gone(world: World, service: Service, store: Store) -> None:
    """By nature: what went with the window, or for the outbox's size, a consumer that is put back can't have again."""
    handled = {event.value for _, event, _ in store.effects}
    for name in service.sources:
        source = world.services[name].store
        there = {row.event.value for row in source.outbox.values()}
        for event in source.log:
            is_old = source.times[event] < world.now - WINDOW_SECONDS or event.value in world.capped
            if is_old and event.value not in there and event.value not in handled:
                world.excused[service.name].add(event.value)


def retire(world: World, random: Random) -> None:
    """A consumer that is off holds nothing back any more; should it come back, it takes up what is still there."""
    gone = [service for service in world.services.values() if service.is_off and service.sources]
    if gone:
        consumer = random.choice(gone)
        store = world.services[random.choice(consumer.sources)].store
        for key in [key for key in store.reports if key[0] == consumer.name]:
            del store.reports[key]


def replay(world: World, random: Random) -> None:
    """Has a service handle a range again, all its handlers or one."""
    consumer = random.choice([service for service in world.services.values() if service.sources])
    source = random.choice(consumer.sources)
    handler = random.choice([None, *consumer.handlers[source]])
    world.begin_replay(consumer.name, source, max(0.0, world.now - random.uniform(0.5, 12)), handler)


FAULTS = {
    kill: 6, pause: 8, harm_broker: 10, switch_service: 2, back_up: 2, restore: 1, restore_unsaid: 1, retire: 1,
    replay: 1,
}  # fmt: skip
"""Each with how often it comes beside the others."""
RESTORES = FAULTS | {switch_service: 6, back_up: 4, restore: 4, restore_unsaid: 4, replay: 4}
REPLAYS = {pause: 4, kill: 4, back_up: 6, restore: 6, restore_unsaid: 6, replay: 10}
BACKUPS = {back_up: 8, restore_unsaid: 8}
"""The same with more of what is rare."""
