"""The people of the story, and what they can do."""

import secrets
from pathlib import Path

from demo.client import Quintet
from demo.lasting import Lasting
from demo.live import Live
from demo.mails import Mails, link_in
from demo.system import System
from demo.waiting import ensure
from demo.watching import Watching

VERIFICATIONS = "/v1/auth/verifications/"


class Person:
    """Somebody with an address of their own, who talks to the gateway as any client would.

    A patient one's client asks again while the system can't answer, and comes back to it.
    """

    def __init__(
        self,
        name: str,
        system: System,
        *,
        email: str | None = None,
        password: str | None = None,
        is_patient: bool = False,
    ):
        self.name, self.system = name, system
        self.email = email or f"{name.lower()}-{secrets.token_hex(4)}@example.com"
        self.password = password or secrets.token_urlsafe(12)
        self.api, self.mails = Quintet(system.url, is_patient=is_patient), Mails(system.mails_url)
        self.id: str | None = None
        self.refresh_token: str | None = None
        self._sockets: list[Live] = []

    def signs_up(self) -> None:
        """Asks for an account; what comes of it comes by mail."""
        self.api.ask("POST", "/v1/auth/accounts", json={"email": self.email, "password": self.password})

    def follows_the_mailed_link(self) -> str:
        """Proves that the address is theirs; the link."""
        link = link_in(self.mails.wait_for(self.email, VERIFICATIONS), VERIFICATIONS)
        ensure(link.startswith(self.system.url), f"the mailed link leads elsewhere: {link}")
        self.api.ask("GET", link)
        return link

    def signs_in(self) -> None:
        """Gets tokens, and learns who they are."""
        tokens = self.api.ask("POST", "/v1/auth/sessions", json={"email": self.email, "password": self.password})
        self.api.token, self.refresh_token = tokens["access_token"], tokens["refresh_token"]
        self.id = self.api.ask("GET", "/v1/auth/me")["id"]

    def arrives(self) -> "Person":
        """From nothing to signed in."""
        self.signs_up()
        self.follows_the_mailed_link()
        self.signs_in()
        return self

    def connects(self, *, url: str | None = None, transport: str = "websocket") -> Live:
        """Opens a socket."""
        kind = Lasting if self.api.is_patient else Live
        live = kind(url or self.system.url, self.api.token, transport=transport)
        self._sockets.append(live)
        return live

    def leaves(self) -> None:
        """Closes what they opened."""
        for live in self._sockets:
            live.close()
        self._sockets.clear()
        if self.api.token:
            self.signs_out()
        self.api.http.close()

    def signs_out(self) -> None:
        """Ends the session for all services."""
        self.api.ask("DELETE", "/v1/auth/sessions/current")
        self.api.token = None

    def creates(self, collection: str, **values) -> dict:
        """A new record."""
        return self.api.ask("POST", f"/v1/data/collections/{collection}/records", json=values)

    def lists(self, collection: str, **query) -> list[dict]:
        """The records that match, all pages."""
        return self.api.pages(f"/v1/data/collections/{collection}/records", **query)

    def changes(self, collection: str, record_id: str, **values) -> dict:
        """Some values of a record."""
        return self.api.ask("PATCH", f"/v1/data/collections/{collection}/records/{record_id}", json=values)

    def reads(self, collection: str, record_id: str) -> dict:
        """One record."""
        return self.api.ask("GET", f"/v1/data/collections/{collection}/records/{record_id}")

    def deletes(self, collection: str, record_id: str) -> None:
        """A record goes."""
        self.api.ask("DELETE", f"/v1/data/collections/{collection}/records/{record_id}")

    def uploads(self, collection: str, record_id: str, field: str, file: Path, kind: str) -> dict:
        """A file for a record's field; the record."""
        path = f"/v1/data/collections/{collection}/records/{record_id}/files/{field}"
        headers = {"Content-Type": kind}
        return self.api.ask("PUT", path, params={"name": file.name}, data=file.read_bytes(), headers=headers)

    def watches(self, collection: str, filter_text: str | None = None, **more) -> "Watching":
        """Opens a socket and subscribes to the records that match."""
        return Watching(self.connects(**more), collection, filter_text)

    def counts(self, collection: str, **query) -> int:
        """How many records there are to see."""
        query |= {"count": "exact", "limit": 1}
        return self.api.ask("GET", f"/v1/data/collections/{collection}/records", params=query)["count"]


def the_admin(system: System, *, is_patient: bool = False) -> Person:
    """The system's first admin."""
    return Person("Admin", system, email=system.admin_email, password=system.admin_password, is_patient=is_patient)
