"""auth's resources, one line each."""

from services.auth.api.accounts import Accounts
from services.auth.api.keys import PublicKeys
from services.auth.api.me import Me
from services.auth.api.sessions import CurrentSession, Sessions
from services.auth.api.tokens import RefreshedTokens
from services.auth.api.verifications import Verifications

URLS = [
    ("/v1/auth/accounts", Accounts),
    ("/v1/auth/verifications/<token>", Verifications),
    ("/v1/auth/sessions", Sessions),
    ("/v1/auth/sessions/current", CurrentSession),
    ("/v1/auth/tokens", RefreshedTokens),
    ("/v1/auth/me", Me),
    ("/.well-known/jwks.json", PublicKeys),
]
