"""Writes that go on while something is taken away, and what is there of them afterwards."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager

from demo.client import Refused
from demo.people import Person
from demo.waiting import eventually
from tests.e2e.people import airport

UNAVAILABLE = 503


def written(person: Person, collection: str, **values) -> dict:
    """A new record; asked for again where it was not made since another held the database's only lock (503)."""

    def write() -> dict | None:
        try:
            return person.creates(collection, **values)
        except Refused as refused:
            if refused.status != UNAVAILABLE:
                raise
            return None

    return eventually(write, "the record is written")


@contextmanager
def writing(person: Person, collection: str) -> Iterator[list[str]]:
    """Someone writes as fast as they are answered; the ids of what was answered."""
    answered, is_over = [], threading.Event()

    def write():
        while not is_over.is_set():
            answered.append(written(person, collection, **airport(100 + len(answered)))["id"])

    writer = threading.Thread(target=write)
    writer.start()
    try:
        eventually(lambda: len(answered) > 5, "the first writes")
        yield answered
    finally:
        is_over.set()
        writer.join(90)


def ids(person: Person, collection: str) -> set[str]:
    """The ids of a collection's records."""
    return {record["id"] for record in person.lists(collection)}


def variants_of(person: Person, collection: str, record_id: str) -> dict | None:
    """A record's photo, once there are smaller versions of it."""
    photo = person.reads(collection, record_id)["photo"]
    return photo if photo["variants"] else None
