"""Where data is wired: every one of its processes starts here."""

from collections.abc import Callable
from typing import Any

from flask import Flask

from services.data import api, housekeeping
from services.data.extensions import bus, database, files
from services.data.handlers import handlers
from services.data.settings import DataSettings
from shared.web import create_service


def create_app(
    settings: DataSettings | None = None, *, fetch_keys: Callable[[], dict[str, Any]] | None = None
) -> Flask:
    """The service's app; without settings it reads the environment."""
    settings = settings or DataSettings()
    app = create_service("data", settings, urls=api.URLS, fetch_keys=fetch_keys)
    database.init_app(app, settings)
    files.init_app(app, settings.files_dir)
    bus.init_app(app, settings, database=database, handlers=handlers)
    app.extensions["pruners"].append(housekeeping.pruner(app.extensions["objects"]))
    return app
