"""mail's app: the only place where the service is wired; every process starts here."""

from flask import Flask

from services.mail import api
from services.mail.extensions import bus, database, deliveries, mailer
from services.mail.handlers import handlers
from services.mail.settings import MailSettings
from shared.web import create_service


def create_app(settings: MailSettings | None = None, **options) -> Flask:
    """The app; `options` are create_service's, for tests."""
    settings = settings or MailSettings()
    app = create_service("mail", settings, urls=api.URLS, **options)
    database.init_app(app, settings)
    mailer.init_app(app, settings)
    bus.init_app(app, settings, database=database, handlers=handlers, commands=[deliveries])
    return app
