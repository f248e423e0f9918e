"""The log of mails, for admins."""

from uuid import UUID

from sqlalchemy.orm import Session

from services.mail.actions import deliveries as mails
from services.mail.schemas import DeliveriesQuery, DeliveryView
from shared.web import InvalidCursor, Page, Resource, decode_cursor, encode_cursor, endpoint


class Deliveries(Resource):
    """Every mail that was or will be sent."""

    @endpoint(query=DeliveriesQuery, answer=Page[DeliveryView], access="admin", problems=[InvalidCursor])
    def get(self, session: Session, query: DeliveriesQuery) -> Page[DeliveryView]:
        """List deliveries, newest first."""
        found = mails.list_newest_first(session, state=query.state, before=_before(query), limit=query.limit + 1)
        shown = found[: query.limit]
        following = encode_cursor(shown[-1].id) if len(found) > query.limit else None
        return Page[DeliveryView](items=[DeliveryView.model_validate(one) for one in shown], next=following)


def _before(query: DeliveriesQuery) -> str | None:
    if query.cursor is None:
        return None
    (last,) = decode_cursor(query.cursor, str)
    try:
        return str(UUID(last))
    except ValueError:
        raise InvalidCursor from None
