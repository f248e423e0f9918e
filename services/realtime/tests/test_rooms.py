"""Rooms: history and stream joined by the message's number."""

from services.realtime.live.rooms import Rooms
from services.realtime.tests.making import BEN, TRACEPARENT, Mailbox
from shared.clock import now
from shared.events.realtime import MessagePosted
from shared.ids import new_id


def said(number, room="lobby"):
    return MessagePosted(
        room=room, message_id=new_id(), author_id=BEN.id, text=f"word {number}", sent_at=now(), number=number
    )


def make():
    mailbox = Mailbox()
    return Rooms(mailbox), mailbox


def numbers(mailbox, sid):
    return [message["number"] for message in mailbox.of(sid, "message")]


def test_a_message_reaches_everyone_in_the_room_and_nobody_else():
    rooms, mailbox = make()
    for sid, room in (("a", "lobby"), ("b", "lobby"), ("c", "attic")):
        rooms.enter(sid, room)
        rooms.settle(sid, room, 0)
    assert rooms.deliver(said(1), TRACEPARENT) == 2
    assert (numbers(mailbox, "a"), numbers(mailbox, "b"), numbers(mailbox, "c")) == ([1], [1], [])
    [message] = mailbox.of("a", "message")
    assert set(message) == {"id", "room", "author_id", "text", "sent_at", "number", "traceparent"}


def test_what_comes_while_the_history_is_read_follows_it_once():
    rooms, mailbox = make()
    rooms.enter("a", "lobby")
    for number in (4, 5, 6):
        rooms.deliver(said(number), TRACEPARENT)
    assert mailbox.sent == []
    rooms.settle("a", "lobby", 5)
    rooms.deliver(said(6), TRACEPARENT)
    rooms.deliver(said(7), TRACEPARENT)
    assert numbers(mailbox, "a") == [6, 7]


def test_who_left_is_told_nothing():
    rooms, mailbox = make()
    rooms.enter("a", "lobby")
    rooms.leave("a", "lobby")
    rooms.settle("a", "lobby", 0)
    assert rooms.deliver(said(1), TRACEPARENT) == 0
    assert mailbox.sent == []
