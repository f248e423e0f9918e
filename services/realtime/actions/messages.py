"""Chat: saying something in a room, and reading what was said."""

from sqlalchemy import select
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import Session

from services.realtime.models import Message, Room
from shared import clock
from shared.bus import announce
from shared.events.realtime import MessagePosted
from shared.ids import new_id


def post(session: Session, *, room: str, author_id: str, text: str, client_id: str | None = None) -> Message:
    """Says something under the room's next number; what was said under this client_id before is not said again."""
    held = _hold(session, room)
    if client_id is not None and (said := _said(session, room, author_id, client_id)):
        return said
    held.last_number += 1
    message = Message(
        id=new_id(),
        room=room,
        number=held.last_number,
        author_id=author_id,
        text=text,
        sent_at=clock.now(),
        client_id=client_id,
    )
    session.add(message)
    announce(session, _posted(message), is_ordered=True)
    return message


def latest(session: Session, *, room: str, limit: int, before: int | None = None) -> list[Message]:
    """The room's newest messages, newest first; those below the number `before` when it is given."""
    wanted = select(Message).where(Message.room == room).order_by(Message.number.desc()).limit(limit)
    return list(session.scalars(wanted if before is None else wanted.where(Message.number < before)))


def following(session: Session, *, room: str, after: int, limit: int) -> list[Message]:
    """The room's messages above the number `after`, eldest first."""
    wanted = select(Message).where(Message.room == room, Message.number > after)
    return list(session.scalars(wanted.order_by(Message.number).limit(limit)))


def last_number(session: Session, *, room: str) -> int:
    """The number of the room's newest message, 0 where nothing was said."""
    return session.scalar(select(Room.last_number).where(Room.name == room)) or 0


def _hold(session: Session, room: str) -> Room:
    """The room's row, made where there is none, locked until the transaction ends: numbers are given one by one."""
    dialect = postgresql if session.get_bind().dialect.name == "postgresql" else sqlite
    session.execute(dialect.insert(Room).values(name=room, last_number=0).on_conflict_do_nothing())
    return session.scalars(select(Room).where(Room.name == room).with_for_update()).one()


def _said(session: Session, room: str, author_id: str, client_id: str) -> Message | None:
    return session.scalar(
        select(Message).where(Message.room == room, Message.author_id == author_id, Message.client_id == client_id)
    )


def _posted(message: Message) -> MessagePosted:
    return MessagePosted(
        room=message.room,
        message_id=message.id,
        author_id=message.author_id,
        text=message.text,
        sent_at=message.sent_at,
        number=message.number,
    )
