"""The hub: what each source's events mean for the sockets of this instance."""

from collections.abc import Callable
from typing import Any

from services.realtime.live.changes import Change
from services.realtime.live.connections import Connections
from services.realtime.live.fanout import Emit
from services.realtime.live.records import Records
from services.realtime.live.rooms import Rooms
from shared import trace
from shared.bus.transport import Entry
from shared.events import Envelope, Event, decode
from shared.events.auth import SessionRevoked
from shared.events.data import CollectionChanged, RecordChanged
from shared.events.realtime import MessagePosted
from shared.events.worker import JobChanged, JobFinished
from shared.identity.problems import TokenRevoked
from shared.logs import get

log = get("realtime")


class Hub:
    """The stream's listener. `cut` ends a socket with a problem."""

    def __init__(self, connections: Connections, records: Records, rooms: Rooms, emit: Emit, cut: Callable):
        self._connections, self._records, self._rooms = connections, records, rooms
        self._emit, self._cut = emit, cut
        self._meaning = {
            RecordChanged.type: self._change_record,
            CollectionChanged.type: self._change_collection,
            MessagePosted.type: self._pass_message,
            JobChanged.type: self._tell_of_job,
            JobFinished.type: self._tell_of_job,
            SessionRevoked.type: self._end_session,
        }

    @classmethod
    def heard(cls) -> list[str]:
        """The types of events that mean something to sockets."""
        return list(cls(None, None, None, None, None)._meaning)  # type: ignore[arg-type]

    def prepare(self, source: str) -> None:
        if source == "data":
            self._records.fetch_definitions()

    def begun(self, source: str) -> None:
        if source == "data":
            self._records.begin()

    def take(self, entry: Entry) -> int:
        """Acts on one event; one that can't be understood is logged and passed over, the next ones go on."""
        act = self._meaning.get(entry.type)
        if act is None:
            return 0
        try:
            envelope = Envelope.from_json(entry.envelope)
            with trace.begin(envelope.traceparent, actor=envelope.actor, causation=envelope.id):
                return self._act(act, entry, envelope)
        except Exception:
            log.exception("an event could not be passed on", event_type=entry.type, number=entry.number)
            return 0

    def _act(self, act: Callable, entry: Entry, envelope: Envelope) -> int:
        told = act(entry, envelope, decode(envelope))
        if told:
            log.info("delivered", event_type=entry.type, event_id=envelope.id, subject=envelope.subject, messages=told)
        return told

    def _change_record(self, entry: Entry, envelope: Envelope, event: RecordChanged) -> int:
        return self._records.change(Change.of(entry, envelope, event))

    def _change_collection(self, entry: Entry, envelope: Envelope, event: CollectionChanged) -> int:
        return self._records.redefine(Change.of(entry, envelope, event))

    def _pass_message(self, _entry: Entry, envelope: Envelope, event: MessagePosted) -> int:
        return self._rooms.deliver(event, envelope.traceparent)

    def _tell_of_job(self, _entry: Entry, envelope: Envelope, event: JobChanged | JobFinished) -> int:
        sids = self._connections.of_user(event.owner_id) if event.owner_id else []
        message = job_message(event, envelope) if sids else {}
        for sid in sids:
            self._emit(sid, "job", message)
        return len(sids)

    def _end_session(self, _entry: Entry, _envelope: Envelope, event: SessionRevoked) -> int:
        self._connections.end_session(event.session_id, event.expires_at)
        sids = self._connections.of_session(event.session_id)
        for sid in sids:
            self._cut(sid, TokenRevoked())
        return len(sids)


def job_message(event: Event, envelope: Envelope) -> dict[str, Any]:
    """A job's state as its owner's sockets are told of it; a finished one has its problem, or None."""
    document = event.model_dump(mode="json", exclude={"owner_id", "notify"})
    return {"progress": None, "message": None, **document, "traceparent": envelope.traceparent, "at": envelope.time}
