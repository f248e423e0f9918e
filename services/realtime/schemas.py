"""What comes in from sockets and requests, and what goes out of requests."""

from datetime import datetime
from typing import Annotated

from pydantic import Field, StringConstraints

from services.realtime.limits import MAX_TEXT
from services.realtime.models import Message
from shared.web import Input, Output, PageQuery

RoomName = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$")]
Text = Annotated[str, StringConstraints(min_length=1, max_length=MAX_TEXT, pattern=r"^[^\x00]*[^\s\x00][^\x00]*$")]
Number = Annotated[int, Field(ge=0, le=2**63 - 1)]
"""A message's number, or one that no message can have yet, but that the database can hold."""
ClientId = Annotated[str, StringConstraints(min_length=1, max_length=64, pattern=r"^[^\x00]+$")]


class NewMessage(Input):
    """A message for a room; under one client_id it is said once, however often it is sent."""

    text: Text
    client_id: ClientId | None = None


class MessagesQuery(PageQuery):
    """Newest first, or those after a number, eldest first."""

    after: Number | None = Field(None, description="Only messages above this number, eldest first")


class MessageView(Output):
    """What somebody said; `number` counts the room's messages without gaps."""

    id: str
    room: str
    number: int
    author_id: str
    text: str
    sent_at: datetime

    @classmethod
    def of(cls, message: Message) -> "MessageView":
        return cls.model_validate(message)
