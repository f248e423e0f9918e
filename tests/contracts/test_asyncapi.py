"""The AsyncAPI document says what the catalogue and the handlers say, and leads nowhere that is not there."""

import json
from pathlib import Path

import pytest
from jsonschema import Draft202012Validator

from quintet import asyncapi
from quintet.state import SERVICES
from shared.events import CATALOGUE, Envelope
from shared.events.auth import EmailVerified
from shared.events.schemas import catalogue_schemas

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture(scope="module")
def document() -> dict:
    return json.loads(asyncapi.text())


def test_the_document_is_in_step():
    assert (ROOT / "docs/asyncapi.json").read_text() == asyncapi.text()


def test_every_event_has_its_channel_and_is_sent_by_its_service(document):
    assert set(document["channels"]) == set(catalogue_schemas())
    sent = {name for name, one in document["operations"].items() if one["action"] == "send"}
    assert sent == {f"{CATALOGUE[kind].source}.sends.{kind}" for kind in catalogue_schemas()}


def test_who_handles_an_event_receives_it(document):
    received = {name for name, one in document["operations"].items() if one["action"] == "receive"}
    assert {"mail.receives.auth.user_registered", "realtime.receives.data.record_changed"} <= received
    assert {name.split(".")[0] for name in received} <= set(SERVICES)
    assert "mail.receives.data.record_changed" not in received


def test_every_reference_leads_somewhere(document):
    assert [ref for ref in references(document) if not found(document, ref)] == []


def test_an_envelope_is_as_its_message_says(document):
    event = EmailVerified(user_id="1")
    envelope = Envelope(
        id="1", source="auth", type=event.type, subject=event.subject, time="2026-03-14T12:00:00Z", dataschema=1,
        traceparent="00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01", key="users/1", partition_key="users/1",
        data=event.model_dump(mode="json"),
    )  # fmt: skip
    payload = document["components"]["messages"][event.type]["payload"]
    validator = Draft202012Validator({**payload, "components": document["components"]})
    told = json.loads(envelope.to_json())
    assert list(validator.iter_errors(told)) == []
    assert list(validator.iter_errors(told | {"type": "auth.user_left"})) != []
    assert list(validator.iter_errors(told | {"data": {}})) != []


def references(part) -> list[str]:
    if isinstance(part, dict):
        own = [part["$ref"]] if isinstance(part.get("$ref"), str) else []
        return own + [ref for inner in part.values() for ref in references(inner)]
    return [ref for inner in part for ref in references(inner)] if isinstance(part, list) else []


def found(document: dict, ref: str) -> bool:
    place = document
    for step in ref.removeprefix("#/").split("/"):
        if step not in place:
            return False
        place = place[step]
    return True
