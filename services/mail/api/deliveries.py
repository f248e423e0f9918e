"""The log of mails, for admins."""

from sqlalchemy.orm import Session

from services.mail.actions import deliveries as mails
from services.mail.schemas import DeliveriesQuery, DeliveryView
from shared.web import InvalidCursor, Page, Resource, encode_cursor, endpoint


class Deliveries(Resource):
    """Every mail that was or will be sent."""

    @endpoint(query=DeliveriesQuery, answer=Page[DeliveryView], access="admin", problems=[InvalidCursor])
    def get(self, session: Session, query: DeliveriesQuery) -> Page[DeliveryView]:
        """List deliveries, newest first."""
        found = mails.list_newest_first(session, state=query.state, before=query.before_id(), limit=query.limit + 1)
        shown = found[: query.limit]
        following = encode_cursor(shown[-1].id) if len(found) > query.limit else None
        return Page[DeliveryView](items=[DeliveryView.model_validate(one) for one in shown], next=following)
