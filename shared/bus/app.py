"""The bus as an extension of a service's app: poking, the feed, `flask bus`."""

import sys
from collections.abc import Sequence
from datetime import timedelta
from typing import Any

import click

from shared.bus import feed
from shared.bus.consuming.consumer import Consumer
from shared.bus.consuming.handlers import Handlers
from shared.bus.leases import Leases, process_name
from shared.bus.metrics import BusMetrics
from shared.bus.poke import Poker
from shared.bus.role import BusRole
from shared.bus.source import restoring
from shared.bus.source.keeping import Limits
from shared.bus.source.relay import Relay
from shared.bus.transport import Transport
from shared.bus.transports import transport_for
from shared.database import Database


class Bus:
    """What a service is connected to the others by; unbound until `init_app`."""

    def __init__(self) -> None:
        self.database: Database
        self.transport: Transport
        self.settings: Any = None

    def init_app(
        self, app, settings, *, database: Database, handlers: Handlers | None = None, commands: Sequence[Any] = ()
    ) -> None:
        """Lets `announce` poke the bus role, adds the feed, the operator's doors, GET /readyz/bus and `flask bus`."""
        from shared.bus.admin.routes import add_doors
        from shared.bus.api import add_routes

        self.settings, self.database = settings, database
        self.service = app.extensions["service"]
        self.handlers = handlers or Handlers(self.service)
        self.commands = commands
        self.transport = transport_for(settings.bus_url)
        database.session_info.update(partitions=settings.bus_partitions, poke=Poker(self.transport, self.service).poke)
        self._pruners = app.extensions["pruners"]
        for command in commands:
            command.init_app(app)
        app.extensions["bus"] = self
        app.extensions["metrics"].register(BusMetrics(self.service, database, commands, self.limits))
        add_routes(app, self)
        add_doors(app)
        self._add_commands(app)

    def feed_client(self) -> feed.FeedClient:
        """A client for other services' feeds, under this service's own token."""
        from shared.identity.services import ServiceTokens

        return feed.FeedClient(self.settings.sources, ServiceTokens(self.service, self.settings).issue)

    @property
    def limits(self) -> Limits:
        """How long and how much the outbox keeps."""
        settings = self.settings
        window, alarm = timedelta(hours=settings.event_window_hours), timedelta(minutes=settings.event_alarm_minutes)
        return Limits(window, settings.event_window_bytes, alarm)

    def role(self) -> BusRole:
        """The bus role, wired but not yet running."""
        leases = Leases(self.database, process_name())
        partitions = self.settings.bus_partitions
        relay = Relay(self.service, self.database, self.transport, leases, partitions)
        consumer = Consumer(self.database, self.transport, self.handlers, self.feed_client(), leases, partitions)
        role = BusRole(self.service, self.database, self.transport, relay, consumer)
        role.limits = self.limits
        role.pruners = self._pruners
        role.progress_file = self.settings.progress_file
        role.senders = [command.sender(self.settings).step for command in self.commands]
        return role

    def _add_commands(self, app) -> None:
        from shared import logs

        @app.cli.command("bus")
        def run_bus() -> None:
            """Run the bus role: relay the outbox, handle events, send commands."""
            logs.set_role("bus")
            sys.exit(self.role().run())

        @app.cli.command("bus-restored")
        def note_restore() -> None:
            """Mark a database that was put back to a backup, before the service runs again."""
            with self.database.transaction() as session:
                name = restoring.begin_after_restore(session, self.settings.bus_partitions)
            click.echo(f"{self.service}: its events go on under incarnation {name}")
