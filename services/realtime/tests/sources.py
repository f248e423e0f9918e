"""Sources for realtime: real outboxes, relays and feeds named auth, data and worker, in the test's process."""

import threading
from pathlib import Path

from flask import jsonify
from werkzeug.serving import make_server

from services.realtime.tests.making import definition
from shared.bus import Bus, announce, announce_all
from shared.database import Database, migrator
from shared.events import Event
from shared.settings import Settings
from shared.testing.identity import jwks, settings_for
from shared.testing.servers import free_port
from shared.web import Resource, create_service, endpoint


class Source:
    """A service that announces whatever the test has it announce; its relay and its feed are the real ones."""

    def __init__(self, name: str, folder: Path, bus_url: str):
        self.name, self.port = name, free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        settings_class = type("SourceSettings", (Settings,), {"service": name, "__annotations__": {}})
        settings = settings_for(settings_class, f"sqlite:///{folder}/{name}.db", bus_url=bus_url)
        self.app = create_service(name, settings, fetch_keys=jwks)
        self.database, self.bus = Database(), Bus()
        self.database.init_app(self.app, settings)
        self.bus.init_app(self.app, settings, database=self.database)
        migrator.upgrade(self.database)
        self._stop = threading.Event()
        self.threads: list[threading.Thread] = []

    def start(self) -> "Source":
        self.server = make_server("127.0.0.1", self.port, self.app, threaded=True)
        self.threads = [threading.Thread(target=act, daemon=True) for act in (self.server.serve_forever, self._relay)]
        for thread in self.threads:
            thread.start()
        return self

    def stop(self) -> None:
        self._stop.set()
        if self.threads:
            self.server.shutdown()
        for thread in self.threads:
            thread.join(60)
        if self.threads:
            self.server.server_close()
        self.database.dispose()

    def announce(self, *events: Event) -> None:
        """Each in a transaction of its own, as separate requests would."""
        for event in events:
            with self.database.transaction() as session:
                announce(session, event)

    def announce_at_once(self, events: list[Event]) -> None:
        """All in one transaction."""
        with self.database.transaction() as session:
            announce_all(session, events)

    def _relay(self) -> None:
        relay = self.bus.role().relay
        while not self._stop.is_set():
            if not relay.is_leading() or relay.step() == 0:
                self._stop.wait(0.01)


class Data(Source):
    """Data, as far as realtime knows it: its collections are in `definitions`."""

    def __init__(self, folder: Path, bus_url: str):
        super().__init__("data", folder, bus_url)
        self.definitions = [definition("owner = null || owner = @me.id")]
        source = self

        class Definitions(Resource):
            @endpoint(access="service")
            def get(self):
                """Every collection."""
                return {"schema_version": 1, "items": source.definitions}

        self.app.extensions["api"].add_resource(Definitions, "/internal/collections")


class Auth(Source):
    """Auth, as far as realtime knows it: its key set."""

    def __init__(self, folder: Path, bus_url: str):
        super().__init__("auth", folder, bus_url)
        self.app.add_url_rule("/.well-known/jwks.json", view_func=lambda: jsonify(jwks()))
