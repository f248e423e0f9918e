"""An event's class and its CloudEvents 1.0 envelope.

A class is named by the module and class that declare it: `UserRegistered` in `shared/events/auth.py` is
`auth.user_registered`, published by `auth`. The sender is strict (an unknown field is an error), the reader tolerant.
"""

import re
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import Annotated, Any, ClassVar

import orjson
from pydantic import BaseModel, ConfigDict

from shared import trace

SEALED = "sealed"
Sealed = Annotated[str, SEALED]
"""A secret on its way: sealed (AES-GCM) for named readers, and shown by no list, log or answer, sealed as it is."""

CATALOGUE: dict[str, type["Event"]] = {}
"""Every declared event by its type."""
OUTSIDE_CARRIER = "realtime"
"""The service whose outbox carries what services outside tell over HTTP."""


class Event(BaseModel):
    """A fact, named in the past tense. Changes to a declared event are additive: a new field has a default."""

    model_config = ConfigDict(extra="forbid", frozen=True, use_attribute_docstrings=True)
    type: ClassVar[str]
    source: ClassVar[str]
    carrier: ClassVar[str | None] = None
    """The service whose outbox carries it where that is not its source: OUTSIDE_CARRIER for what comes by HTTP."""
    schema_version: ClassVar[int] = 1

    @classmethod
    def __pydantic_init_subclass__(cls, **_kwargs: Any) -> None:
        cls.source = cls.__module__.rsplit(".", 1)[-1]
        cls.type = f"{cls.source}.{_snake(cls.__name__)}"
        CATALOGUE[cls.type] = cls

    @property
    def subject(self) -> str:
        """What the event is about, as a path: `users/<id>`."""
        raise NotImplementedError(f"{type(self).__name__} names no subject.")

    @property
    def order_key(self) -> str:
        """Events of one order key are handled in the order in which they were committed."""
        return self.subject

    @property
    def partition_key(self) -> str:
        """Events of one partition key travel in one partition."""
        return self.order_key


@dataclass(frozen=True, slots=True)
class Envelope:
    """A CloudEvents 1.0 envelope plus ordering key, actor and cause; `data` is the event's JSON."""

    id: str
    source: str
    type: str
    subject: str
    time: str
    dataschema: int
    traceparent: str
    key: str
    partition_key: str
    data: dict[str, Any]
    actor: str | None = None
    causation: str | None = None
    replay: str | None = None
    """The replay that has the event handled again; None when it comes for the first time."""

    def to_json(self) -> str:
        document = {"specversion": "1.0"} | {name: getattr(self, name) for name in self.__slots__}
        if self.replay is None:
            del document["replay"]
        return orjson.dumps(document).decode()

    def step(self) -> AbstractContextManager[trace.Trace]:
        """A block that is one step of the event's trace, caused by it: what is announced or submitted in it goes on."""
        return trace.begin(self.traceparent, actor=self.actor, causation=self.id)

    @classmethod
    def from_json(cls, text: str | bytes) -> "Envelope":
        """Reads an envelope; attributes that it does not know are passed over."""
        document = orjson.loads(text)
        return cls(**{name: document[name] for name in cls.__slots__ if name in document})


def decode(envelope: Envelope) -> Event | None:
    """The typed event, unknown fields passed over; None when its type is not in the catalogue."""
    cls = CATALOGUE.get(envelope.type)
    return cls.model_validate(envelope.data, extra="ignore") if cls else None


def event_type(cls: type[Event]) -> str:
    """The type under which a class travels."""
    return cls.type


def _snake(name: str) -> str:
    return re.sub(r"(?<!^)(?=[A-Z])", "_", name).lower()
