"""The catalogue's ground: what an event is, how it is named, how it travels (CloudEvents 1.0)."""

from shared.events.base import CATALOGUE, Envelope, Event, Sealed, decode, event_type

__all__ = ["CATALOGUE", "Envelope", "Event", "Sealed", "decode", "event_type"]
