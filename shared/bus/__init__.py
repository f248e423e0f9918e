"""The bus: the database is the log, the broker a hint. See docs/architecture.md, "The bus"."""

from shared.bus.app import Bus
from shared.bus.consuming.handlers import Handlers
from shared.bus.source.outbox import announce, announce_all

__all__ = ["Bus", "Handlers", "announce", "announce_all"]
