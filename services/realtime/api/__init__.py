"""realtime's URLs: one line per resource."""

from services.realtime.api.messages import Messages

URLS = [
    ("/v1/realtime/rooms/<room>/messages", Messages),
]
