"""Subscribing to the records of a collection, from now on or from where the client was."""

from typing import Any

import gevent
from pydantic import Field

from services.realtime.errors import SubscriptionNotFound, TooManySubscriptions
from services.realtime.extensions import live
from services.realtime.limits import MAX_SUBSCRIPTIONS
from services.realtime.live.connections import Connection
from services.realtime.live.offsets import Offset
from services.realtime.live.subscriptions import Subscription
from services.realtime.sockets.doors import Body, on
from shared.identity.problems import TokenRevoked
from shared.rules import MAX_LENGTH


class Subscribe(Body):
    collection: str = Field(max_length=64)
    filter: str | None = Field(default=None, max_length=MAX_LENGTH)
    offset: str | None = Field(default=None, max_length=120)


class Unsubscribe(Body):
    subscription: str = Field(max_length=64)


@on("subscribe", Subscribe)
def subscribe(connection: Connection, body: Subscribe) -> dict[str, Any]:
    """Tells of the records that the filter passes and the user may view: from now on, or on from `offset`."""
    held = {name: one for name, one in connection.subscriptions.items() if not one.is_ended}
    connection.subscriptions = held
    if len(held) >= MAX_SUBSCRIPTIONS:
        raise TooManySubscriptions()
    subscription = Subscription(connection.sid, connection.identity, body.collection, body.filter or None)
    is_recovered = live.records.take_up(subscription, Offset.parse(body.offset) if body.offset else None)
    if live.connections.find(connection.sid) is not connection:  # it went while the feed was asked
        live.records.unsubscribe(subscription)
        raise TokenRevoked()
    held[subscription.id] = subscription
    if not subscription.is_live:
        gevent.spawn(live.records.catch_up, subscription)  # runs when the ack is on its way
    return {"subscription": subscription.id, "offset": str(subscription.told), "recovered": is_recovered}


@on("unsubscribe", Unsubscribe)
def unsubscribe(connection: Connection, body: Unsubscribe) -> None:
    """Ends a subscription."""
    subscription = connection.subscriptions.pop(body.subscription, None)
    if subscription is None:
        raise SubscriptionNotFound()
    live.records.unsubscribe(subscription)
