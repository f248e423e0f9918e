"""Who is in which room on this instance, and up to which message each of them was told."""

from typing import Any

from services.realtime.live.fanout import Emit
from shared.events.realtime import MessagePosted


class Membership:
    """A socket in a room; until `number` is known, what arrives is held back for after the history."""

    def __init__(self) -> None:
        self.number: int | None = None
        self.held_back: list[dict[str, Any]] = []


class Rooms:
    """Passes messages on to the sockets that joined; joins history and stream by the message's number."""

    def __init__(self, emit: Emit):
        self._emit = emit
        self._rooms: dict[str, dict[str, Membership]] = {}

    def enter(self, sid: str, room: str) -> None:
        """From now on messages are held back for the socket, until `settle`."""
        self._rooms.setdefault(room, {})[sid] = Membership()

    def settle(self, sid: str, room: str, number: int) -> None:
        """The socket knows the messages up to `number`; those after it are passed on."""
        member = self._rooms.get(room, {}).get(sid)
        if member is None:
            return  # it has left meanwhile
        member.number, held_back = number, member.held_back
        member.held_back = []
        for message in held_back:
            self._pass_on(sid, member, message)

    def leave(self, sid: str, room: str) -> None:
        members = self._rooms.get(room, {})
        members.pop(sid, None)
        if not members:
            self._rooms.pop(room, None)

    def deliver(self, event: MessagePosted, traceparent: str) -> int:
        """Tells everyone in the room; how many those were."""
        members = self._rooms.get(event.room)
        if not members:
            return 0
        message = message_of(event, traceparent)
        return sum(self._pass_on(sid, member, message) for sid, member in list(members.items()))

    def _pass_on(self, sid: str, member: Membership, message: dict[str, Any]) -> bool:
        if member.number is None:
            member.held_back.append(message)
            return False
        if message["number"] <= member.number:
            return False
        member.number = message["number"]
        self._emit(sid, "message", message)
        return True


def message_of(event: MessagePosted, traceparent: str) -> dict[str, Any]:
    """A chat message as sockets are told of it."""
    document = event.model_dump(mode="json")
    return {
        "id": document.pop("message_id"),
        **document,
        "traceparent": traceparent,
    }
