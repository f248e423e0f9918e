"""Every problem that realtime can raise."""

from shared.problems import Conflict, Forbidden, Invalid, NotFound, TooMany, Unavailable


class CollectionNotFound(NotFound):
    """There is no collection of that name."""


class CollectionRemoved(NotFound):
    """The collection was deleted; the subscription has ended."""


class SubscriptionNotFound(NotFound):
    """This socket has no such subscription."""


class RoomNotJoined(NotFound):
    """This socket is not in that room."""


class OffsetInvalid(Invalid):
    """The offset was not given by this service."""


class EventUnknown(NotFound):
    """The socket takes no event of that name."""


class BodyInvalid(Invalid):
    """The event's body is not valid; `errors` names each place by its JSON pointer."""


class TooManySubscriptions(Conflict):
    """The socket has as many subscriptions as it may have."""


class TooManyRooms(Conflict):
    """The socket is in as many rooms as it may be in."""


class TooManyEvents(TooMany):
    """The socket sends faster than it may."""


class ReadingTooSlowly(TooMany):
    """The socket does not take what it is sent; connect again and resume from the last offset."""


class AnotherUser(Forbidden):
    """A socket can only be renewed by a token of the user who opened it."""


class LiveNotReady(Unavailable):
    """Live updates are not there yet; try again in a moment."""


class InstanceEnding(Unavailable):
    """This instance is about to end; connect again at once and resume from the last offset."""


class RoomNameInvalid(Invalid):
    """A room's name has 1 to 64 letters, digits, dots, dashes and underscores, and begins with a letter or digit."""


class OutsidersOnly(Forbidden):
    """A service of our own announces through its outbox, not here."""


class EventForeign(Forbidden):
    """A service tells events as itself only: its own name as source, types under that name."""


class EventTypeUnknown(Invalid):
    """No schema is registered for this type of event; an admin registers one."""


class EventDataInvalid(Invalid):
    """The event's data is not as its type's schema says; `errors` names each place."""


class EventIdReused(Conflict):
    """An event of this id was told before with another content; a new event needs a new id."""


class EventTypeNotFound(NotFound):
    """No type of that name is registered."""


class EventTypeNameInvalid(Invalid):
    """A type is `<service>.<what happened>`: lower-case letters, digits and underscores, at most 120 characters."""


class EventTypeReserved(Conflict):
    """Types under this name belong to a service of our own."""


class EventSchemaInvalid(Invalid):
    """This can't be an event's schema; `errors` names each place."""


class EventSchemaBreaks(Conflict):
    """The change would break a reader or a teller of the type; `errors` says how. Register a new type beside it."""


class EventsNotReadable(Forbidden):
    """The operator has not granted this service the events that it asks for."""


class TooManyStreams(TooMany):
    """This service has as many streams open here as it may have."""
