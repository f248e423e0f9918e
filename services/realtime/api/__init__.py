"""realtime's URLs: one line per resource."""

from services.realtime.api.event_types import EventType, EventTypes
from services.realtime.api.events import Events
from services.realtime.api.messages import Messages

URLS = [
    ("/v1/realtime/rooms/<room>/messages", Messages),
    ("/v1/events", Events),
    ("/v1/events/types", EventTypes),
    ("/v1/events/types/<type_name>", EventType),
]
