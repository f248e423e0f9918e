"""The app factory that every service calls: what all of them have, wired once."""

from collections.abc import Callable, Iterable
from typing import Any

from flask import Flask

from shared import identity, logs
from shared.database.commands import migrate
from shared.settings import Settings
from shared.web import context, health, idempotency, metrics, openapi, rendering, tracing
from shared.web.api import Api
from shared.web.converters import IdConverter


def create_service(
    service: str,
    settings: Settings,
    *,
    urls: Iterable[tuple[str, Any]] = (),
    fetch_keys: Callable[[], dict[str, Any]] | None = None,
) -> Flask:
    """A service's Flask app with its resources at `urls`; `fetch_keys` replaces the fetch of auth's JWKS over HTTP.

    What others hang into `app.extensions`: `ready_checks` (name -> check), `trace_sources`, `metrics` (the registry),
    `pruners` (functions of a session that the bus role calls now and then), `api`, `service`, `settings`.
    """
    logs.configure(service, level=settings.log_level)
    app = Flask(__name__, static_folder=None)
    app.url_map.merge_slashes = False  # a path is as it was sent, or it is not found: no redirects to a client's Host
    app.config["MAX_CONTENT_LENGTH"] = settings.max_body_bytes
    app.url_map.converters["id"] = IdConverter
    app.extensions.update(service=service, settings=settings, trace_sources=[], pruners=[idempotency.prune])
    context.init_app(app, metrics.init_app(app))
    rendering.init_app(app)
    health.init_app(app)
    identity.init_app(app, settings, fetch_keys=fetch_keys)
    api = app.extensions["api"] = Api(app)
    for url, resource in urls:
        api.add_resource(resource, url)
    api.add_resource(tracing.TraceOfService, "/internal/trace/<trace_id>")
    openapi.init_app(app)
    app.cli.add_command(migrate)
    return app
