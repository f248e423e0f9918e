"""Every problem that mail can raise."""

from shared.problems import NotFound


class RecipientUnknown(NotFound):
    """Auth has not told of this user yet, so nobody knows where to write."""
