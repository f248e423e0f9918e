"""How fast a socket may send, and which sockets' tokens have run out."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from services.realtime.limits import BURST, EVENTS_PER_SECOND, Allowance
from services.realtime.live.connections import Connections

NOON = datetime(2026, 11, 23, 12, tzinfo=UTC)


@dataclass(frozen=True)
class SignedIn:
    id: str = "ada"
    session_id: str = "session"
    expires_at: datetime = NOON
    role: str = "user"


def test_a_burst_is_allowed_then_only_the_steady_rate():
    seconds = [0.0]
    allowance = Allowance(lambda: seconds[0])
    assert all(allowance.take() for _ in range(int(BURST)))
    assert not allowance.take()
    seconds[0] = 1.0
    assert sum(allowance.take() for _ in range(100)) == EVENTS_PER_SECOND


def test_sockets_are_found_by_user_and_session_until_they_close():
    connections = Connections()
    connections.open("s1", SignedIn())
    connections.open("s2", SignedIn(session_id="other"))
    assert set(connections.of_user("ada")) == {"s1", "s2"}
    assert connections.of_session("other") == ["s2"]
    connections.close("s2")
    assert (connections.of_user("ada"), connections.of_session("other"), len(connections)) == (["s1"], [], 1)
    assert connections.close("s2") is None


def test_a_token_that_has_run_out_is_noticed_unless_it_was_renewed():
    connections = Connections()
    first, second = connections.open("s1", SignedIn()), connections.open("s2", SignedIn())
    connections.renew(second, SignedIn(session_id="newer", expires_at=NOON + timedelta(minutes=15)))
    assert connections.expired(NOON - timedelta(seconds=1)) == []
    assert connections.expired(NOON) == [first]
    assert connections.of_session("newer") == ["s2"]


def test_a_session_that_ended_is_remembered_until_its_tokens_expire():
    connections = Connections()
    connections.end_session("session", NOON)
    connections.expired(NOON - timedelta(seconds=1))
    assert connections.is_ended("session")
    connections.expired(NOON)
    assert not connections.is_ended("session")
