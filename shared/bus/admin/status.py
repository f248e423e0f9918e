"""GET status: the numbers, what waits, the commands, and which alarms that raises."""

from datetime import datetime

from flask import current_app
from sqlalchemy.orm import Session

from shared.bus.alarms import Alarm, alarms
from shared.bus.source.keeping import HoldingBack
from shared.bus.status import (
    BusStatus,
    CommandStatus,
    ConsumerStatus,
    HeldStatus,
    MissedStatus,
    OutboxStatus,
    PositionStatus,
    RelayStatus,
    read_status,
)
from shared.web import Output, Resource, endpoint


class StatusView(Output):
    """How a service's bus stands."""

    service: str
    at: datetime
    relay: RelayStatus
    outbox: OutboxStatus
    given: dict[int, int]
    consumers: list[ConsumerStatus]
    positions: list[PositionStatus]
    held: list[HeldStatus]
    commands: list[CommandStatus]
    holding: list[HoldingBack]
    missed: list[MissedStatus]
    alarms: list[Alarm]

    @classmethod
    def of(cls, status: BusStatus) -> "StatusView":
        """The status with the alarms that it raises."""
        told = {name: getattr(status, name) for name in BusStatus.__slots__}
        return cls(**told, alarms=alarms(status))


class Status(Resource):
    """How the service's bus stands."""

    @endpoint(access="operator", answer=StatusView)
    def get(self, session: Session) -> StatusView:
        """Tell how the service's bus stands: numbers, outbox, consumers, what waits, commands, alarms."""
        bus = current_app.extensions["bus"]
        return StatusView.of(read_status(session, bus.service, bus.commands, bus.limits))
