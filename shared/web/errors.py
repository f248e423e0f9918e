"""The problems that the HTTP plumbing itself raises."""

from shared.problems import Conflict, Invalid, Malformed, Unavailable


class MalformedJson(Malformed):
    """The body is not JSON."""


class InvalidQuery(Invalid):
    """The query string is not valid; `errors` names each parameter."""


class InvalidCursor(Malformed):
    """The cursor was not given by this list, or for another query."""


class InvalidIdempotencyKey(Malformed):
    """An Idempotency-Key is 1 to 255 visible ASCII characters."""


class IdempotencyKeyReused(Invalid):
    """This Idempotency-Key was used before with another body; a new request needs a new key."""


class NotReady(Unavailable):
    """Something that this service needs does not answer; `checks` says what."""


class DatabaseUnavailable(Unavailable):
    """The database did not answer in time; nothing was written."""


class StateChanged(Conflict):
    """Another request changed the same thing at the same time; nothing was written."""
