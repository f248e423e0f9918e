"""What comes in and what goes out."""

from datetime import datetime
from typing import Literal

from pydantic import Field, SecretStr

from services.auth.addresses import LONGEST
from shared.web import Input, Output

LONGEST_PASSWORD = 256


class NewAccount(Input):
    """Who wants an account."""

    email: str = Field(max_length=LONGEST, examples=["ada@example.com"])
    password: SecretStr = Field(min_length=8, max_length=LONGEST_PASSWORD, examples=["correct horse battery"])


class Accepted(Output):
    """Taken; a mail tells the owner of the address how it goes on."""

    status: Literal["accepted"] = "accepted"


class Verified(Output):
    """The address is shown to be the owner's; signing in works."""

    is_verified: Literal[True] = True


class Credentials(Input):
    """An address and its password."""

    email: str = Field(max_length=LONGEST, examples=["ada@example.com"])
    password: SecretStr = Field(max_length=LONGEST_PASSWORD, examples=["correct horse battery"])


class Refresh(Input):
    """The newest refresh token of a session."""

    refresh_token: SecretStr = Field(max_length=200)


class Tokens(Output):
    """A session's tokens: the access token for requests, the refresh token for one refresh."""

    session_id: str
    token_type: Literal["Bearer"] = "Bearer"  # noqa: S105
    access_token: str
    expires_in: int = Field(description="Seconds until the access token expires")
    refresh_token: str
    refresh_expires_at: datetime


class AccountView(Output):
    """An account as its owner sees it."""

    id: str
    email: str
    role: str
    is_verified: bool
    created_at: datetime


class KeySetView(Output):
    """The public keys that verify access tokens, as a JSON Web Key Set."""

    keys: list[dict[str, str]]
