"""A small service on trial: it hears events, performs its commands, and shows what it has told; no process runs."""

from sqlalchemy import select

from shared import clock, trace
from shared.bus.tables import outbox
from shared.commands.columns import is_waiting
from shared.commands.performing import perform
from shared.database import migrator
from shared.events import Envelope, Event, decode
from shared.ids import new_id
from shared.service import Service
from shared.testing.identity import settings_for, trust_test_keys


class Trial:
    """The service on a migrated database of its own at `database_url`; `client` asks its API."""

    def __init__(self, service: Service, database_url: str):
        self.service = service
        self.app = service.create_app(settings_for(service.settings, database_url))
        migrator.upgrade(service.database)
        trust_test_keys(self.app)
        self.client = self.app.test_client()

    def hears(self, *events: Event) -> None:
        """Each event as the bus would bring it: all handlers in one transaction; raises what one of them raises."""
        for event in events:
            envelope = envelope_of(event)
            with self.service.database.transaction() as session:
                for handler in self.service.handlers.of(event.type):
                    handler.run(session, envelope)

    def performs(self) -> int:
        """One attempt at each command that is due; how many there were."""
        attempts = 0
        for commands, work in self.service.performed:
            model = commands.model
            with self.service.database.reading() as session:
                due = session.scalars(select(model.id).where(is_waiting(model, clock.now()))).all()
            for command_id in due:
                perform(commands, command_id, work)
            attempts += len(due)
        return attempts

    @property
    def told(self) -> list[Event]:
        """The events that it has announced, in order."""
        with self.service.database.reading() as session:
            texts = session.scalars(select(outbox.c.envelope).order_by(outbox.c.seq))
            return [event for text in texts if (event := decode(Envelope.from_json(text)))]


def envelope_of(event: Event) -> Envelope:
    """An envelope around the event, of now and in a trace of its own."""
    return Envelope(
        id=new_id(),
        source=event.source,
        type=event.type,
        subject=event.subject,
        time=clock.rfc3339(clock.now()),
        dataschema=event.schema_version,
        traceparent=trace.start().traceparent,
        key=event.order_key,
        partition_key=event.partition_key,
        data=event.model_dump(mode="json"),
    )
