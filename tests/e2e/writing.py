"""Writes that go on while something is taken away, and what is there of them afterwards."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager

from demo.people import Person
from demo.waiting import eventually
from tests.e2e.people import airport


@contextmanager
def writing(person: Person, collection: str) -> Iterator[list[str]]:
    """Someone writes as fast as they are answered; the ids of what was answered."""
    answered, is_over = [], threading.Event()

    def write():
        while not is_over.is_set():
            answered.append(person.creates(collection, **airport(100 + len(answered)))["id"])

    writer = threading.Thread(target=write)
    writer.start()
    try:
        eventually(lambda: len(answered) > 5, "the first writes")
        yield answered
    finally:
        is_over.set()
        writer.join(30)


def ids(person: Person, collection: str) -> set[str]:
    """The ids of a collection's records."""
    return {record["id"] for record in person.lists(collection)}


def variants_of(person: Person, collection: str, record_id: str) -> dict | None:
    """A record's photo, once there are smaller versions of it."""
    photo = person.reads(collection, record_id)["photo"]
    return photo if photo["variants"] else None
