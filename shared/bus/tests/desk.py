"""An operator's desk for tests: a service's app on a database of the bus's own tests, asked as its client would."""

from typing import Any

from flask import Flask
from werkzeug.test import TestResponse

from shared.bus import Bus, Handlers
from shared.database import Database
from shared.settings import Settings
from shared.testing.identity import bearer, jwks, settings_for
from shared.web import create_service

SERVICE = "mail"


class Desk:
    """The app of a service whose database and handlers are given; asks its doors as an admin, or as whoever `headers`
    say."""

    def __init__(self, database: Database, handlers: Handlers | None = None, service: str = SERVICE):
        url = database.engine.url.render_as_string(hide_password=False).replace("+psycopg", "")
        settings = settings_for(Settings, url)
        self.app: Flask = create_service(service, settings, fetch_keys=jwks)
        self.database, self.bus = Database(), Bus()
        self.database.init_app(self.app, settings)
        self.bus.init_app(self.app, settings, database=self.database, handlers=handlers)
        self.client, self.service = self.app.test_client(), service

    def send(self, method: str, path: str, *, headers: dict[str, str] | None = None, **more: Any) -> TestResponse:
        """The answer of a door, whatever it is."""
        return self.client.open(
            f"/v1/bus/{self.service}/{path}", method=method, headers=headers or bearer(role="admin"), **more
        )

    def ask(self, method: str, path: str, **more: Any) -> Any:
        """What a door that opens gives."""
        answer = self.send(method, path, **more)
        assert answer.status_code < 300, answer.get_data(as_text=True)
        return answer.get_json() if answer.data else None

    def pages(self, path: str, **query: Any) -> list[list[dict]]:
        """Every page of a list."""
        pages, cursor = [], None
        while True:
            page = self.ask("GET", path, query_string=query | ({"cursor": cursor} if cursor else {}))
            pages.append(page["items"])
            cursor = page["next"]
            if cursor is None:
                return pages
