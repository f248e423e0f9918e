"""GET /internal/trace/<trace_id>: what this service's rows know of a trace, for `quintet trace`."""

from datetime import datetime
from typing import Any

from flask import current_app

from shared.web.api import Resource
from shared.web.declaring import endpoint
from shared.web.shapes import Output


class TraceEntry(Output):
    """One thing that happened in a trace."""

    at: datetime
    what: str
    detail: str | None = None


class TraceEntries(Output):
    """What happened here, in the order of its time."""

    entries: list[TraceEntry]


class TraceOfService(Resource):
    """A source is a function `(session, trace_id) -> list of {at, what, detail}` in `extensions["trace_sources"]`."""

    @endpoint(access="service", answer=TraceEntries)
    def get(self, session: Any, trace_id: str) -> TraceEntries:
        """Tell what this service recorded of a trace."""
        found = [one for source in current_app.extensions["trace_sources"] for one in source(session, trace_id)]
        entries = [TraceEntry.model_validate(one) for one in found]
        return TraceEntries(entries=sorted(entries, key=lambda entry: entry.at))
