"""Identity: who asks, by access tokens of auth's and service tokens, each verified where it arrives."""

from shared.identity.install import init_app
from shared.identity.people import Identity
from shared.identity.services import ServiceTokens
from shared.identity.tokens import AccessTokens

__all__ = ["AccessTokens", "Identity", "ServiceTokens", "init_app"]
