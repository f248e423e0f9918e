"""What realtime's bus role does when others tell: it notes sessions that ended. Sockets are told by live/ instead."""

from shared.bus import Handlers
from shared.identity import revocations

handlers = Handlers("realtime")
revocations.handlers_on(handlers)
