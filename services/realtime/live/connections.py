"""The sockets of this instance: whose they are, what they listen to, until when their token counts."""

from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from services.realtime.limits import Allowance
from services.realtime.live.subscriptions import Subscription


@dataclass(eq=False)
class Connection:
    """One signed-in socket; `identity` is that of its newest token."""

    sid: str
    identity: Any
    allowance: Allowance = field(default_factory=Allowance)
    subscriptions: dict[str, Subscription] = field(default_factory=dict)
    rooms: set[str] = field(default_factory=set)


class Connections:
    """Finds sockets by id, user and session; remembers which sessions ended before their tokens."""

    def __init__(self) -> None:
        self._by_sid: dict[str, Connection] = {}
        self._by_user: dict[str, set[str]] = defaultdict(set)
        self._by_session: dict[str, set[str]] = defaultdict(set)
        self._ended: dict[str, datetime] = {}

    def __len__(self) -> int:
        return len(self._by_sid)

    def __iter__(self) -> Iterator[Connection]:
        return iter(list(self._by_sid.values()))

    def open(self, sid: str, identity: Any) -> Connection:
        """Takes up a socket."""
        connection = self._by_sid[sid] = Connection(sid, identity)
        self._by_user[identity.id].add(sid)
        self._by_session[identity.session_id].add(sid)
        return connection

    def find(self, sid: str) -> Connection | None:
        return self._by_sid.get(sid)

    def close(self, sid: str) -> Connection | None:
        """Forgets a socket; None when it was forgotten before."""
        connection = self._by_sid.pop(sid, None)
        if connection is not None:
            _discard(self._by_user, connection.identity.id, sid)
            _discard(self._by_session, connection.identity.session_id, sid)
        return connection

    def renew(self, connection: Connection, identity: Any) -> None:
        """The socket goes on under a newer token, which may be of another session of the same user."""
        _discard(self._by_session, connection.identity.session_id, connection.sid)
        connection.identity = identity
        self._by_session[identity.session_id].add(connection.sid)

    def of_user(self, user_id: str) -> list[str]:
        """The sockets of a user."""
        return list(self._by_user.get(user_id, ()))

    def sessions(self) -> set[str]:
        """The sessions that have sockets here."""
        return set(self._by_session)

    def of_session(self, session_id: str) -> list[str]:
        """The sockets of a session."""
        return list(self._by_session.get(session_id, ()))

    def end_session(self, session_id: str, expires_at: datetime) -> None:
        """Remembers that the session has ended, until its tokens expire by themselves."""
        self._ended[session_id] = expires_at

    def is_ended(self, session_id: str) -> bool:
        return session_id in self._ended

    def expired(self, now: datetime) -> list[Connection]:
        """The sockets whose token counts no longer; ended sessions that are past anyway are forgotten."""
        self._ended = {session: at for session, at in self._ended.items() if at > now}
        return [connection for connection in self if connection.identity.expires_at <= now]


def _discard(index: dict[str, set[str]], key: str, sid: str) -> None:
    index[key].discard(sid)
    if not index[key]:
        del index[key]
