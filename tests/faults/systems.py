"""A small system of real processes on one broker and fresh databases: who stands in it, and who is a cell's guest."""

import base64
from pathlib import Path

import sqlalchemy as sa
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from shared import clock
from shared.bus.tables import leases
from shared.database import Database
from shared.testing.identity import private_pem
from shared.testing.proxy import Proxy
from tests.faults.bank import READERS, SOURCE
from tests.faults.brokers import Broker
from tests.faults.databases import Urls
from tests.faults.members import Orders
from tests.faults.processes import Member
from tests.faults.steps import Step

_keys = {service: Ed25519PrivateKey.generate() for service in (SOURCE, *READERS)}
_public = {
    service: base64.b64encode(key.public_key().public_bytes(Encoding.Raw, PublicFormat.Raw)).decode()
    for service, key in _keys.items()
}
PLACES = {
    "api": ("api", SOURCE),
    "bank": ("bus", SOURCE),
    "reader": ("bus", READERS[0]),
    "witness": ("bus", READERS[1]),
    "worker": ("worker", SOURCE),
}
"""Who runs as what: name -> (role, service)."""


class System:
    """Its processes stand from cell to cell; a cell's victim is a guest. Whoever asks the bank goes through `gateway`,
    as through nginx; `databases` are the harness's own connections."""

    def __init__(self, folder: Path, urls: Urls, broker: Broker, left_out: str = ""):
        self.folder, self.urls, self.broker, self.left_out = folder, urls, broker, left_out
        self.databases = {service: Database().connect(url) for service, url in urls.of.items()}
        self.gateway = Proxy(("127.0.0.1", 1))
        self.proxies: dict[str, Proxy] = {}
        self._standing: dict[str, Member] = {}
        self._guests: list[Member] = []

    def stand(self, *names: str) -> None:
        """Starts those of these that do not stand yet."""
        missing = [name for name in names if name not in self._standing]
        self._standing |= {name: Member(self._orders(name)) for name in missing}
        for name in missing:
            self._welcome(self._standing[name])

    def fell(self, *names: str) -> None:
        """Ends these, as if they had ended in an orderly way: their leases are free at once."""
        for name in names:
            if name in self._standing:
                self._end(self._standing.pop(name))

    def invite(self, name: str, step: Step, *, through_proxies: bool) -> Member:
        """Starts a guest that stops at the step, in place of who stands there."""
        self.fell(name)
        guest = Member(self._orders(name, step, through_proxies))
        self._guests.append(guest)
        self._welcome(guest)
        return guest

    def join(self, name: str) -> Member:
        """Starts a guest beside who stands there."""
        self._guests.append(Member(self._orders(name)))
        self._welcome(self._guests[-1])
        return self._guests[-1]

    def standing(self, name: str) -> Member:
        """Who stands there."""
        return self._standing[name]

    def let_die(self, name: str) -> None:
        """Waits until who stands there has ended by itself; its leases are freed at once."""
        self._standing[name].await_death()
        self.fell(name)

    def dismiss(self) -> None:
        """Ends the guests."""
        while self._guests:
            self._end(self._guests.pop())
        while self.proxies:
            self.proxies.popitem()[1].close()

    def casualties(self) -> list[str]:
        """Who ended by itself."""
        return [f"{m.name} ended" for m in (*self._guests, *self._standing.values()) if m.has_ended()]

    def close(self) -> None:
        """Ends everything."""
        self.dismiss()
        self.fell(*list(self._standing))
        self.gateway.close()
        for database in self.databases.values():
            database.dispose()

    def _welcome(self, member: Member) -> None:
        member.await_ready()
        if member.role == "api":
            self.gateway.target = ("127.0.0.1", member.ready)
            self.gateway.cut()

    def _end(self, member: Member) -> None:
        member.close()
        if member.role == "bus":
            mine = leases.c.owner.contains(f":{member.pid}:", autoescape=True)
            with self.databases[member.service].transaction() as session:
                session.execute(sa.update(leases).where(mine).values(lease_until=clock.now()))

    def _orders(self, name: str, step: Step | None = None, through_proxies: bool = False) -> Orders:
        role, service = PLACES[name]
        database, broker = self.urls.of[service], self.broker.url
        if through_proxies:
            self.proxies["broker"] = Proxy(self.broker.address)
            broker = self.broker.url_at(self.proxies["broker"].port)
            if database.startswith("postgresql"):
                self.proxies["database"] = Proxy(self.urls.address(service))
                database = self.urls.through(service, self.proxies["database"].port)
        settings = self._settings(service, database, broker)
        return Orders(role, service, settings, self.folder, step.name if step else "", self.left_out)

    def _settings(self, service: str, database: str, broker: str) -> dict:
        gateway = f"http://127.0.0.1:{self.gateway.port}"
        return {
            "database_url": database,
            "bus_url": broker,
            "celery_url": broker,
            "cache_url": "redis://127.0.0.1:1/0",
            "public_url": gateway,
            "sources": {SOURCE: gateway},
            "jwks_url": "http://127.0.0.1:1/jwks",
            "token_issuer": "test",
            "service_private_key": private_pem(_keys[service]),
            "service_public_keys": _public,
        }
