"""realtime's tables: rooms and what was said in them."""

from datetime import datetime

from sqlalchemy import BigInteger, ForeignKey, String, Text, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from shared.database import Id, Timestamp, model_base

Base = model_base()


class Room(Base):
    """A room exists from its first message on; `last_number` is that of its newest."""

    __tablename__ = "rooms"

    name: Mapped[str] = mapped_column(String(64), primary_key=True)
    last_number: Mapped[int] = mapped_column(BigInteger)


class Message(Base):
    """What somebody said; a room's messages are numbered from 1 without gaps."""

    __tablename__ = "messages"
    __table_args__ = (UniqueConstraint("room", "author_id", "client_id"),)

    room: Mapped[str] = mapped_column(ForeignKey("rooms.name"), primary_key=True)
    number: Mapped[int] = mapped_column(BigInteger, primary_key=True, autoincrement=False)
    id: Mapped[str] = mapped_column(Id, unique=True)
    author_id: Mapped[str] = mapped_column(Id)
    text: Mapped[str] = mapped_column(Text)
    sent_at: Mapped[datetime] = mapped_column(Timestamp)
    client_id: Mapped[str | None] = mapped_column(String(64))
    """The client's own name for the message: sent twice, it is said once."""
