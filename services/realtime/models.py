"""realtime's tables: rooms and what was said in them; what services outside may tell, and have told."""

from datetime import datetime
from typing import Any

from sqlalchemy import BigInteger, ForeignKey, String, Text, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from shared.database import Id, JsonDocument, Timestamp, model_base

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


class EventType(Base):
    """A type of event that a service outside may tell, as an admin has registered it."""

    __tablename__ = "event_types"

    type: Mapped[str] = mapped_column(String(120), primary_key=True)
    schema: Mapped[dict[str, Any]] = mapped_column(JsonDocument)
    version: Mapped[int]
    """Counts the schemas that it has had."""
    registered_by: Mapped[str] = mapped_column(Id)
    created_at: Mapped[datetime] = mapped_column(Timestamp)
    updated_at: Mapped[datetime] = mapped_column(Timestamp)


class ToldEvent(Base):
    """An event that a service outside has told: known by its id, so that it is announced once."""

    __tablename__ = "told_events"

    source: Mapped[str] = mapped_column(String(60), primary_key=True)
    id: Mapped[str] = mapped_column(String(100), primary_key=True)
    digest: Mapped[str] = mapped_column(String(64))
    told_at: Mapped[datetime] = mapped_column(Timestamp, index=True)
