"""Pages of records: filtered, sorted, cut down to what the one who asks may list."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import and_, func, select
from sqlalchemy.orm import Session

from services.data.queries import access
from services.data.queries.sorting import Order
from services.data.queries.views import show
from services.data.schema import snapshots
from services.data.schema.steadiness import rows_under, steady
from shared.rules.predicate import Asker


@dataclass(frozen=True)
class PageOfRecords:
    """A page; `position` is where the next one begins, None on the last; `count` is of all pages, when asked for."""

    records: list[dict[str, Any]]
    position: list[Any] | None
    count: int | None


@steady
def page(
    session: Session,
    *,
    collection_name: str,
    filter_text: str | None,
    sort: str | None,
    limit: int,
    after: Sequence[Any] | None,
    is_counted: bool,
    me: Asker | None,
) -> PageOfRecords:
    """The records after a position in an order, at most `limit` of them."""
    schema = snapshots.current(session)
    collection = schema.collection(collection_name)
    access.refuse_outsiders(collection, "list", me)
    order, listed = Order(collection, sort), access.condition(collection, "list", me)
    wanted = listed
    if filter_text:
        wanted = and_(listed, access.filter_condition(collection, filter_text, me))
    query = select(collection.table).where(wanted).order_by(*order.clauses()).limit(limit + 1)
    if after is not None:
        query = query.where(order.after(order.resolve(session, schema, after, listed)))
    rows = [collection.as_row(row) for row in rows_under(schema, session, query)]
    count = session.scalar(select(func.count()).select_from(collection.table).where(wanted)) if is_counted else None
    shown = rows[:limit]
    position = order.position(shown[-1]) if len(rows) > limit else None
    return PageOfRecords(show(session, collection, shown), position, count)
