"""Whether the records that relations name are there and may be seen by the one who names them."""

from collections.abc import Collection as Values
from collections.abc import Mapping
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from services.data.errors import RecordInvalid
from services.data.queries import access
from services.data.queries.portions import portions
from services.data.schema.fields import FieldDefinition
from services.data.schema.snapshots import Collection, Schema
from services.data.values.reading import error_at
from shared.rules.predicate import Asker


def check_targets(
    session: Session, schema: Schema, collection: Collection, values: Mapping[str, Any], me: Asker | None
) -> None:
    """RecordInvalid names each relation among the values whose record is not there for the one who asks."""
    errors = []
    for field in collection.relations:
        target = values.get(field.name)
        if target is not None and not visible_targets(session, schema, field, {target}, me):
            errors.append(error_at(field.name, missing(field)))
    if errors:
        raise RecordInvalid(errors=errors)


def visible_targets(
    session: Session, schema: Schema, field: FieldDefinition, ids: Values[str], me: Asker | None
) -> set[str]:
    """Those of the ids that are records which the one who asks may see."""
    target = schema.collection(field.collection)
    seen = select(target.table.c.id).where(access.condition(target, "view", me))
    return {id_ for some in portions(ids) for id_ in session.scalars(seen.where(target.table.c.id.in_(some)))}


def missing(field: FieldDefinition) -> str:
    """What is wrong with a relation to a record that is not there."""
    return f"is no record of {field.collection} that you may see"
