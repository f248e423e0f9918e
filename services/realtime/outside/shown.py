"""An event as a reader outside gets it: CloudEvents 1.0 in its structured form, without what is sealed."""

from typing import Any

import orjson

from shared.bus.transport import Entry
from shared.events import CATALOGUE
from shared.events.base import SEALED

ATTRIBUTES = {"dataschema": "dataversion", "partition_key": "partitionkey"}
"""Names of the envelope that CloudEvents has another use for, or does not allow."""
HIDDEN = "[sealed]"


def shown(entry: Entry) -> dict[str, Any]:
    """The event of an entry; attributes that have no value are left out."""
    envelope = orjson.loads(entry.envelope)
    data = envelope.pop("data")
    told = {ATTRIBUTES.get(name, name): value for name, value in envelope.items() if value is not None}
    return {**told, "datacontenttype": "application/json", "data": _without_sealed(entry.type, data)}


def _without_sealed(type_: str, data: dict[str, Any]) -> dict[str, Any]:
    declared = CATALOGUE.get(type_)
    sealed = {name for name, field in declared.model_fields.items() if SEALED in field.metadata} if declared else ()
    return {name: HIDDEN if name in sealed else value for name, value in data.items()}
