"""Wires realtime: the api role under gunicorn's gevent worker, the bus role under `flask bus`."""

from typing import Any

from flask import Flask
from prometheus_client import Gauge

from services.realtime import api
from services.realtime.actions import outside_events
from services.realtime.extensions import bus, database, live, socketio
from services.realtime.handlers import handlers
from services.realtime.limits import MAX_MESSAGE_BYTES
from services.realtime.live.catalogue import asker
from services.realtime.live.gate import Json
from services.realtime.offload import is_in_gevent, offload
from services.realtime.origins import may_connect
from services.realtime.settings import RealtimeSettings
from services.realtime.sockets import bounds, connection, rooms, subscriptions
from services.realtime.sockets.unreadable import refuse_unreadable
from services.realtime.sockets.wsgi import note_upgrades, speak_problems, turn_away
from shared.identity.outsiders import AnyServiceTokens, Outsiders
from shared.progress import Pulse
from shared.web import create_service

SOCKETS = (connection, subscriptions, rooms)
"""Importing them binds their doors."""


def create_app(settings: RealtimeSettings | None = None, **options: Any) -> Flask:
    """The app; under gunicorn's gevent worker it also reads the events. `options` are create_service's, for tests."""
    settings = settings or RealtimeSettings()
    app = create_service("realtime", settings, urls=api.URLS, **options)
    database.init_app(app, settings)
    bus.init_app(app, settings, database=database, handlers=handlers)
    admit_outsiders(app, settings)
    init_sockets(app, settings)
    bind_live(app, settings)
    if is_in_gevent():
        offload(database.engine)
        app.extensions["ready_checks"]["events"] = live.check_ready
        live.start()
        Pulse(settings.progress_file).start()
    return app


def init_sockets(app: Flask, settings: RealtimeSettings) -> None:
    """Serves Socket.IO beside the app's own routes."""
    bounds.bound()
    socketio.init_app(
        app,
        async_mode="gevent",
        async_handlers=False,  # a client's events are taken in the order in which it sends them
        json=Json,
        manage_session=False,
        max_http_buffer_size=MAX_MESSAGE_BYTES,
        cors_allowed_origins=may_connect(settings),
        transports=["websocket", "polling"],
    )
    refuse_unreadable(socketio, live)
    app.wsgi_app = note_upgrades(turn_away(speak_problems(app.wsgi_app), live), live)


def admit_outsiders(app: Flask, settings: RealtimeSettings) -> None:
    """Has services outside known, whose events are remembered by their ids for a while."""
    outsiders = app.extensions["outsiders"] = Outsiders(settings.outside_services_file)
    app.extensions["any_service_tokens"] = AnyServiceTokens(app.extensions["service_tokens"], outsiders)
    app.extensions["pruners"].append(outside_events.prune)


def bind_live(app: Flask, settings: RealtimeSettings) -> None:
    """Connects what is live to the bus, to data and to whoever knows whose a token is."""
    access, services = app.extensions["access_tokens"], app.extensions["service_tokens"]
    live.bind(
        transport=bus.transport,
        feed=bus.feed_client(),
        partitions=settings.bus_partitions,
        sources=settings.sources,
        is_admitted=lambda name: services.knows(name) or app.extensions["outsiders"].get(name) is not None,
        fetch_definitions=asker(settings.sources, lambda: services.issue("data")),
        identify=access.verify,
        is_revoked=access.is_revoked,
    )
    registry = app.extensions["metrics"]
    Gauge("realtime_sockets", "Sockets that are open here", registry=registry).set_function(
        lambda: len(live.connections)
    )
    Gauge("realtime_subscriptions", "Subscriptions that are held here", registry=registry).set_function(
        lambda: len(live.records.fanout)
    )
    Gauge("realtime_event_streams", "Streams of events that are open here", registry=registry).set_function(
        lambda: len(live.streams)
    )
