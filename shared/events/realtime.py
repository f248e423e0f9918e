"""What realtime tells: chat."""

from datetime import datetime

from shared.events.base import Event


class MessagePosted(Event):
    """Somebody said something in a room; `number` counts the room's messages without gaps."""

    room: str
    message_id: str
    author_id: str
    text: str
    sent_at: datetime
    number: int

    @property
    def subject(self) -> str:
        return f"rooms/{self.room}"
