"""Who speaks to data in the tests, and what they say."""

from typing import Any

from shared.ids import new_id
from shared.testing.identity import bearer

AIRPORTS = {
    "name": "airports",
    "fields": [
        {"name": "iata", "type": "text", "required": True, "unique": True, "max_length": 4},
        {"name": "name", "type": "text", "required": True, "max_length": 100},
        {"name": "city", "type": "text"},
        {"name": "state", "type": "text", "indexed": True},
        {"name": "country", "type": "text"},
        {"name": "latitude", "type": "number"},
        {"name": "longitude", "type": "number"},
        {"name": "photo", "type": "file"},
        {"name": "owner", "type": "text", "default": "@me.id", "indexed": True},
    ],
    "rules": {
        "list": "@me.id != null",
        "view": "@me.id != null",
        "create": "@me.id != null && owner = @me.id",
        "update": 'owner = @me.id || @me.role = "admin"',
        "delete": 'owner = @me.id || @me.role = "admin"',
    },
}
KIT = {
    "name": "kit",
    "fields": [
        {"name": "code", "type": "text", "unique": True, "max_length": 5},
        {"name": "number", "type": "number"},
        {"name": "integer", "type": "integer"},
        {"name": "bool", "type": "bool"},
        {"name": "at", "type": "datetime"},
        {"name": "json", "type": "json"},
        {"name": "other", "type": "relation", "collection": "kit"},
    ],
    "rules": {"list": "true", "view": "true", "create": "true", "update": "true", "delete": "true"},
}
ANC = {"iata": "ANC", "name": "Ted Stevens", "state": "AK", "latitude": 61.17, "longitude": -149.99}
JSON = dict[str, Any]


class Person:
    """A client of the service with an identity of its own, or without any."""

    def __init__(self, client, role: str | None = "user"):
        self.client, self.id = client, new_id()
        self.headers = bearer(self.id, role) if role else {}

    def asks(self, method: str, path: str, **more: Any):
        headers = {**self.headers, **more.pop("headers", {})}
        return self.client.open(path, method=method, headers=headers, **more)

    def gets(self, path: str, **query: Any):
        return self.asks("GET", path, query_string=query)

    def creates(self, collection: str, **values: Any):
        return self.asks("POST", records(collection), json=values)

    def changes(self, collection: str, record_id: str, headers: dict | None = None, **values: Any):
        return self.asks("PATCH", record(collection, record_id), json=values, headers=headers or {})

    def replaces(self, collection: str, record_id: str, **values: Any):
        return self.asks("PUT", record(collection, record_id), json=values)

    def deletes(self, collection: str, record_id: str, **more: Any):
        return self.asks("DELETE", record(collection, record_id), **more)

    def views(self, collection: str, record_id: str, **more: Any):
        return self.asks("GET", record(collection, record_id), **more)

    def lists(self, collection: str, **query: Any):
        return self.gets(records(collection), **query)

    def defines(self, definition: JSON):
        return self.asks("POST", "/v1/data/collections", json=definition)

    def uploads(self, collection: str, record_id: str, field: str, content: bytes, type_: str, name: str | None = "a"):
        path = f"{record(collection, record_id)}/files/{field}"
        query = {} if name is None else {"name": name}
        return self.asks("PUT", path, data=content, query_string=query, headers={"Content-Type": type_})


def records(collection: str) -> str:
    return f"/v1/data/collections/{collection}/records"


def record(collection: str, record_id: str) -> str:
    return f"{records(collection)}/{record_id}"


def rows(response) -> list[JSON]:
    """The items of a page that was answered."""
    assert response.status_code == 200, response.get_json()
    return response.get_json()["items"]


def made(response) -> JSON:
    """What was created."""
    assert response.status_code == 201, response.get_json()
    return response.get_json()
