"""Two services' doors on loopback, and the operator's settings that lead to them: a system as the commands see it."""

import io
import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from click.testing import CliRunner, Result
from werkzeug.serving import BaseWSGIServer, WSGIRequestHandler, make_server

from quintet.cli import main
from quintet.state import State
from shared import logs
from shared.bus import Handlers, announce
from shared.bus.consuming import waiting
from shared.bus.leases import Leases, process_name
from shared.bus.redis_streams import RedisStreams
from shared.bus.source.relay import Relay
from shared.bus.tests.desk import Desk
from shared.bus.tests.ledger import Noted
from shared.database import Database, migrator
from shared.events import Envelope, Event
from shared.testing.identity import private_key_of

NOWHERE = "redis://127.0.0.1:1/0"


class Quiet(WSGIRequestHandler):
    """Says nothing of each request."""

    def log_request(self, *_: object) -> None:
        return


class Service:
    """One service: its database, its doors, and what is done in it by hand."""

    def __init__(self, name: str, folder: Path):
        self.name, self.handlers = name, Handlers(name)
        self.database = Database().connect(f"sqlite:///{folder}/{name}.db")
        migrator.upgrade(self.database)
        self.handlers.on(Noted)(keep)
        self.desk = Desk(self.database, self.handlers, name)
        self.relay = Relay(name, self.database, RedisStreams(NOWHERE), Leases(self.database, process_name()), 8)
        assert self.relay.is_leading()
        self._server: BaseWSGIServer | None = None

    def open(self, port: int = 0) -> str:
        """Serves the doors; the address."""
        self._server = make_server("127.0.0.1", port, self.desk.app, threaded=True, request_handler=Quiet)
        threading.Thread(target=self._server.serve_forever, args=(0.02,), daemon=True).start()
        return f"http://127.0.0.1:{self._server.server_port}"

    def close(self) -> int:
        """Answers nobody any more; the port."""
        port = self._server.server_port
        self._server.shutdown()
        self._server.server_close()
        self._server = None
        return port

    def announces(self, *events: Event) -> None:
        """Writes events, and gives them their numbers."""
        with self.database.transaction() as session:
            for event in events:
                announce(session, event)
        self.relay.step()

    def parks(self, event: Event, why: str) -> None:
        """Has an event given up by the handler `keep`."""
        envelope = Envelope(
            id="01990000-0000-7000-8000-000000000001",
            source="ledger",
            type=event.type,
            subject=event.subject,
            time="2026-03-14T12:00:00Z",
            dataschema=1,
            traceparent=f"00-{'a' * 32}-{'b' * 16}-01",
            key=event.order_key,
            partition_key=event.partition_key,
            data=event.model_dump(mode="json"),
        )
        with self.database.transaction() as session:
            waiting.park(session, self.handlers.named("keep"), envelope, 0, ValueError(why))

    def end(self) -> None:
        if self._server:
            self.close()
        self.desk.database.dispose()
        self.database.dispose()


def keep(_session, _event, _envelope) -> None:
    """A handler that is never run here."""


class BusSystem:
    """The services `data` and `mail`, and an operator at a shell."""

    def __init__(self, folder: Path):
        self.state = State(folder / "var")
        self.state.make_folders()
        self.data, self.mail = Service("data", folder), Service("mail", folder)
        logs.configure("services", stream=io.StringIO())  # not to where the commands speak
        self.tell({"data": self.data.open(), "mail": self.mail.open()})

    def tell(self, sources: dict[str, str]) -> None:
        """Has the operator's settings say where the services are."""
        key = private_key_of("operator")
        text = f"SERVICE_PRIVATE_KEY='{key}'\nSOURCES='{json.dumps(sources)}'\n"
        self.state.path("settings", "operator.env").write_text(text)

    def types(self, *words: str, says: str | None = None) -> Result:
        """What the command does when it is typed; `says` is what the operator answers."""
        return CliRunner().invoke(main, [*words, "--state", str(self.state.folder)], input=says)


@contextmanager
def bus_system(folder: Path) -> Iterator[BusSystem]:
    """Ended with the test."""
    system = BusSystem(folder)
    try:
        yield system
    finally:
        system.data.end()
        system.mail.end()
