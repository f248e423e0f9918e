"""Wires worker: every process of the service starts here, or in tasks/app.py."""

from flask import Flask

from services.worker import api
from services.worker.extensions import bus, database, queue
from services.worker.handlers import handlers
from services.worker.settings import WorkerSettings
from shared.web import create_service


def create_app(settings: WorkerSettings | None = None, **options) -> Flask:
    """The app; `options` are create_service's, for tests."""
    settings = settings or WorkerSettings()
    app = create_service("worker", settings, urls=api.URLS, **options)
    database.init_app(app, settings)
    bus.init_app(app, settings, database=database, handlers=handlers, commands=[queue])
    return app
