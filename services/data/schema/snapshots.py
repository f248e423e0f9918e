"""The schema that is in force, as one transaction sees it: every collection with its table.

Each change of a collection gives the schema a new stamp. A transaction asks for the stamp first, and what was built
under that stamp is still right; so any number of instances agree without telling each other anything.
"""

from collections import OrderedDict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property
from threading import Lock
from typing import Any
from uuid import uuid4

from sqlalchemy import Row, Table, select, update
from sqlalchemy.orm import Session

from services.data.errors import CollectionNotFound
from services.data.models import CollectionRow, SchemaVersion
from services.data.schema.fields import FieldDefinition, Rules, field_types
from services.data.schema.tables import build_table, new_metadata
from shared.clock import rfc3339
from shared.rules import FieldType

KEPT = 8


@dataclass(frozen=True, eq=False)
class Collection:
    """A collection with the table that its records are in."""

    name: str
    number: int
    fields: Mapping[str, FieldDefinition]
    rules: Rules
    rules_version: int
    created_at: datetime
    updated_at: datetime
    table: Table

    @cached_property
    def types(self) -> dict[str, FieldType]:
        """What rules and filters may name."""
        return field_types(self.fields)

    @cached_property
    def columns(self) -> tuple[str, ...]:
        """The names of the table's columns, in its order."""
        return tuple(str(column.name) for column in self.table.columns)

    def as_row(self, values: Iterable[Any]) -> dict[str, Any]:
        """What a query for the table gave, by name."""
        return dict(zip(self.columns, values, strict=True))

    @cached_property
    def file_fields(self) -> tuple[str, ...]:
        return tuple(name for name, field in self.fields.items() if field.type is FieldType.FILE)

    @cached_property
    def relations(self) -> tuple[FieldDefinition, ...]:
        return tuple(field for field in self.fields.values() if field.type is FieldType.RELATION)

    @cached_property
    def definition(self) -> dict[str, Any]:
        """The collection as its admins, its events and realtime see it: JSON."""
        return {
            "name": self.name,
            "fields": [field.model_dump(mode="json") for field in self.fields.values()],
            "rules": self.rules.model_dump(),
            "rules_version": self.rules_version,
            "created_at": rfc3339(self.created_at),
            "updated_at": rfc3339(self.updated_at),
        }


@dataclass(frozen=True, eq=False)
class Schema:
    """All collections at one moment."""

    number: int
    stamp: str
    collections: Mapping[str, Collection]

    def collection(self, name: str) -> Collection:
        """The collection of that name; CollectionNotFound where there is none."""
        if name not in self.collections:
            raise CollectionNotFound
        return self.collections[name]

    def referring_to(self, name: str) -> list[str]:
        """The other collections that have relations to this one."""
        return [
            other.name
            for other in self.collections.values()
            if other.name != name and any(field.collection == name for field in other.relations)
        ]


_known: OrderedDict[str, Schema] = OrderedDict()
_lock = Lock()
_version = select(SchemaVersion.__table__.c.number, SchemaVersion.__table__.c.stamp)
_held_version = _version.with_for_update(read=True)
_locked_version = _version.with_for_update()


def current(session: Session) -> Schema:
    """The schema as this unit of work sees it, for reading."""
    return _schema(session, *session.execute(_version).one())


def held(session: Session) -> Schema:
    """The schema, which stays in force until this transaction ends: for writing records."""
    return _schema(session, *session.execute(_held_version).one())


def locked(session: Session) -> Schema:
    """The schema, once those that write records are done; nobody else writes or changes it until this ends."""
    return _schema(session, *session.execute(_locked_version).one())


def advance(session: Session) -> Schema:
    """Gives a locked schema, whose collections were changed, its next number: the schema from now on."""
    session.flush()
    session.execute(update(SchemaVersion).values(number=SchemaVersion.number + 1, stamp=str(uuid4())))
    return current(session)


def _schema(session: Session, number: int, stamp: str) -> Schema:
    with _lock:
        if stamp in _known:
            _known.move_to_end(stamp)
            return _known[stamp]
    schema = Schema(number, stamp, _load(session))
    with _lock:
        _known[stamp] = schema
        while len(_known) > KEPT:
            _known.popitem(last=False)
    return schema


def _load(session: Session) -> dict[str, Collection]:
    rows = session.execute(select(CollectionRow.__table__).order_by(CollectionRow.name)).all()
    numbers, metadata = {row.name: row.number for row in rows}, new_metadata()
    return {row.name: _collection(row, numbers, metadata) for row in rows}


def _collection(row: Row, numbers: dict[str, int], metadata) -> Collection:
    fields = {field["name"]: FieldDefinition.model_validate(field) for field in row.fields}
    return Collection(
        name=row.name,
        number=row.number,
        fields=fields,
        rules=Rules.model_validate(row.rules),
        rules_version=row.rules_version,
        created_at=row.created_at,
        updated_at=row.updated_at,
        table=build_table(metadata, row.name, row.number, fields, numbers),
    )
