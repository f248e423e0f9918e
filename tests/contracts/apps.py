"""The five apps as a test client meets them, and every route with what it declares."""

import base64
import importlib
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from flask import Flask

from services.auth.settings import AuthSettings
from services.data.settings import DataSettings
from services.mail.settings import MailSettings
from services.realtime.settings import RealtimeSettings
from services.worker.settings import WorkerSettings
from shared.database import migrator
from shared.ids import new_id
from shared.settings import Settings
from shared.testing.identity import bearer, service_bearer, settings_for, trust_test_keys

KEY = base64.b64encode(b"k" * 32).decode()
OURS: tuple[type[Settings], ...] = (AuthSettings, DataSettings, RealtimeSettings, MailSettings, WorkerSettings)
METHODS = ("GET", "POST", "PUT", "PATCH", "DELETE")


def settings_of_others() -> Iterator[type[Settings]]:
    """The settings of every service beyond the five: of its settings.py, or what its app.py has made."""
    ours = {cls.service for cls in OURS}
    for module in sorted(Path(__file__).parents[2].glob("services/*/app.py")):
        if (name := module.parent.name) not in ours:
            importlib.import_module(f"services.{name}.app")
            yield next(cls for cls in Settings.__subclasses__() if cls.service == name)


SETTINGS = (*OURS, *settings_of_others())


@dataclass(frozen=True, slots=True)
class Route:
    """One method of one resource, or a plain route without a declaration."""

    service: str
    rule: str
    method: str
    declaration: Any

    @property
    def path(self) -> str:
        """A path that the rule matches."""
        return re.sub(r"<(?:(\w+):)?\w+>", lambda found: _part(found[1]), self.rule)

    def headers(self) -> dict[str, str]:
        """The headers of somebody who may pass."""
        if self.declaration.access in ("service", "any_service"):
            return service_bearer("operator", self.service)
        return bearer(role="admin")

    def __str__(self) -> str:
        return f"{self.method} {self.service}:{self.rule}"


def _part(kind: str | None) -> str:
    return {"id": new_id(), "int": "1"}.get(kind or "", "something")


def make_app(cls: type[Settings], folder: Path) -> Flask:
    """A service's app on an own, migrated SQLite database; it believes the tests' tokens."""
    more = {"files_dir": folder / "files", "event_seal_keys": {"1": KEY}, "signing_keys_secret": KEY}
    more |= {"smtp_host": "127.0.0.1", "smtp_port": 1, "smtp_security": "none", "mail_from": "hello@quintet.test"}
    known = {name: value for name, value in more.items() if name in cls.model_fields}
    settings = settings_for(cls, f"sqlite:///{folder}/{cls.service}.db", **known)
    app = importlib.import_module(f"services.{cls.service}.app").create_app(settings)
    migrator.upgrade(app.extensions["database"])
    trust_test_keys(app)
    return app


def routes_of(app: Flask) -> Iterator[Route]:
    """Every method of every route of an app."""
    for rule in app.url_map.iter_rules():
        view = getattr(app.view_functions[rule.endpoint], "view_class", None)
        for method in sorted((rule.methods or set()) & set(METHODS)):
            declaration = getattr(getattr(view, method.lower(), None), "declaration", None)
            yield Route(app.extensions["service"], rule.rule, method, declaration)
