"""Wires worker: every process of the service starts here, or in tasks/app.py."""

from flask import Flask

from services.worker import api
from services.worker.extensions import bus, database, queue
from services.worker.handlers import handlers
from services.worker.settings import WorkerSettings
from shared.web import create_service


def create_app(settings: WorkerSettings | None = None) -> Flask:
    """The app of the roles `api` and `bus`."""
    settings = settings or WorkerSettings()
    app = create_service("worker", settings, urls=api.URLS)
    database.init_app(app, settings)
    queue.init_app(app)
    bus.init_app(app, settings, database=database, handlers=handlers, commands=[queue])
    return app
