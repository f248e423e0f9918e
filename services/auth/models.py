"""auth's tables: accounts, their sessions with the refresh tokens of each, mailed links, signing keys."""

from datetime import datetime

from sqlalchemy import ForeignKey, String, Text
from sqlalchemy.orm import Mapped, mapped_column

from shared import clock
from shared.database import Id, Timestamp, model_base
from shared.ids import new_id

Base = model_base()

USER, ADMIN = "user", "admin"


class Account(Base):
    """A person, known by an address; `email_key` is the address as it is compared."""

    __tablename__ = "accounts"

    id: Mapped[str] = mapped_column(Id, primary_key=True, default=new_id)
    email: Mapped[str] = mapped_column(String(254))
    email_key: Mapped[str] = mapped_column(String(254), unique=True)
    password_hash: Mapped[str] = mapped_column(String(200))
    role: Mapped[str] = mapped_column(String(20), default=USER)
    verified_at: Mapped[datetime | None] = mapped_column(Timestamp)
    created_at: Mapped[datetime] = mapped_column(Timestamp, default=clock.now)

    @property
    def is_verified(self) -> bool:
        """Whether the address has been shown to be the person's."""
        return self.verified_at is not None


class Verification(Base):
    """A mailed link; the password of the registration that it belongs to becomes the account's when it is followed."""

    __tablename__ = "verifications"

    token_hash: Mapped[str] = mapped_column(String(64), primary_key=True)
    account_id: Mapped[str] = mapped_column(Id, ForeignKey("accounts.id", ondelete="CASCADE"), index=True)
    password_hash: Mapped[str] = mapped_column(String(200))
    expires_at: Mapped[datetime] = mapped_column(Timestamp, index=True)
    used_at: Mapped[datetime | None] = mapped_column(Timestamp)


class Session(Base):
    """One sign-in: a family of refresh tokens of which the newest is good."""

    __tablename__ = "sessions"

    id: Mapped[str] = mapped_column(Id, primary_key=True, default=new_id)
    account_id: Mapped[str] = mapped_column(Id, ForeignKey("accounts.id", ondelete="CASCADE"), index=True)
    created_at: Mapped[datetime] = mapped_column(Timestamp, default=clock.now)
    refreshed_at: Mapped[datetime] = mapped_column(Timestamp, default=clock.now)
    expires_at: Mapped[datetime] = mapped_column(Timestamp, index=True)
    ended_at: Mapped[datetime | None] = mapped_column(Timestamp)


class RefreshToken(Base):
    """A refresh token that was given; it can be used once."""

    __tablename__ = "refresh_tokens"

    token_hash: Mapped[str] = mapped_column(String(64), primary_key=True)
    session_id: Mapped[str] = mapped_column(Id, ForeignKey("sessions.id", ondelete="CASCADE"), index=True)
    expires_at: Mapped[datetime] = mapped_column(Timestamp)
    used_at: Mapped[datetime | None] = mapped_column(Timestamp)


class SigningKey(Base):
    """A key that signs access tokens, its private half sealed; the highest `number` signs, all verify."""

    __tablename__ = "signing_keys"

    number: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    kid: Mapped[str] = mapped_column(String(64), unique=True)
    public_x: Mapped[str] = mapped_column(String(64))
    sealed_private: Mapped[str] = mapped_column(Text)
    created_at: Mapped[datetime] = mapped_column(Timestamp, default=clock.now)
