"""mail's tables: where each user is reached, and every mail that was or will be sent."""

from datetime import datetime
from typing import Any

from sqlalchemy import Index, String, Text
from sqlalchemy.orm import Mapped, mapped_column

from shared import clock
from shared.commands import CommandColumns
from shared.database import Id, JsonDocument, Timestamp, model_base

Base = model_base()


class Recipient(Base):
    """The address of a user, as auth told it."""

    __tablename__ = "recipients"

    user_id: Mapped[str] = mapped_column(Id, primary_key=True)
    address: Mapped[str] = mapped_column(String(320))
    created_at: Mapped[datetime] = mapped_column(Timestamp, default=clock.now)


class Delivery(CommandColumns, Base):
    """One mail to one recipient: a command that is done when the SMTP server has taken it."""

    __tablename__ = "deliveries"
    __table_args__ = (Index("ix_deliveries_state_id", "state", "id"),)

    template: Mapped[str] = mapped_column(String(60))
    language: Mapped[str] = mapped_column(String(10))
    recipient: Mapped[str] = mapped_column(String(320))
    user_id: Mapped[str] = mapped_column(Id)
    context: Mapped[dict[str, Any]] = mapped_column(JsonDocument)
    sealed_token: Mapped[str | None] = mapped_column(Text)
    """Still sealed as it came in the event, opened only to render, forgotten once the mail is sent or given up."""
    message_id: Mapped[str] = mapped_column(String(80))
    """The same in every attempt, so that a mailbox can tell a mail sent twice."""
