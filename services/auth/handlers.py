"""Reactions to other services' events: auth has none, it writes its revocations itself."""

from shared.bus import Handlers

handlers = Handlers("auth")
