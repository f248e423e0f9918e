"""auth's app: the only place where the service is wired; every process starts here."""

from flask import Flask

from services.auth import api, commands
from services.auth.actions.pruning import prune
from services.auth.extensions import bus, database, keys
from services.auth.handlers import handlers
from services.auth.settings import AuthSettings
from shared.web import create_service


def create_app(settings: AuthSettings | None = None) -> Flask:
    """The app, bound to what the settings name."""
    settings = settings or AuthSettings()
    app = create_service("auth", settings, urls=api.URLS, fetch_keys=keys.jwks)
    database.init_app(app, settings)
    keys.bind(settings.signing_keys_secret)
    app.extensions["flask-jwt-extended"].encode_key_loader(lambda _identity: keys.current()[1])
    app.extensions["pruners"].append(prune)
    bus.init_app(app, settings, database=database, handlers=handlers)
    commands.init_app(app)
    return app
