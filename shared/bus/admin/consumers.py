"""Consumers of the service's events: who reports, who is retired; one that is gone for good is retired here."""

from datetime import datetime

from pydantic import Field
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from shared.bus.admin.errors import ConsumerNotFound
from shared.bus.source import retiring
from shared.bus.tables import consumers, retirements
from shared.identity import Identity
from shared.logs import get
from shared.web import Output, Page, Resource, endpoint

log = get("operator")


class ConsumerView(Output):
    """One consumer; how far it is in each partition is in the status."""

    name: str
    reported_at: datetime | None = Field(description="Null for one that is retired")
    retired_at: datetime | None = Field(description="Null for one that reports")


class Consumers(Resource):
    """Everybody who has reported to this service."""

    @endpoint(access="operator", answer=Page[ConsumerView])
    def get(self, session: Session) -> Page[ConsumerView]:
        """List who consumes the service's events, and who was retired."""
        newest = select(consumers.c.consumer, func.max(consumers.c.reported_at)).group_by(consumers.c.consumer)
        found = [
            ConsumerView(name=name, reported_at=at, retired_at=None)
            for name, at in session.execute(newest.order_by(consumers.c.consumer))
        ]
        gone = session.execute(select(retirements).order_by(retirements.c.consumer))
        retired = [ConsumerView(name=one.consumer, reported_at=None, retired_at=one.retired_at) for one in gone]
        return Page[ConsumerView](items=[*found, *retired])


class Consumer(Resource):
    """One consumer."""

    @endpoint(access="operator", status=204, problems=[ConsumerNotFound])
    def delete(self, session: Session, name: str, identity: Identity) -> None:
        """Retire a consumer that is gone for good: no event is kept for it any more.

        One that comes back all the same is registered anew, and may have missed events meanwhile.
        """
        if not retiring.retire(session, name):
            raise ConsumerNotFound
        log.warning("consumer retired", consumer=name, by=identity.actor)
