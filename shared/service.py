"""A small service in one module: what larger ones spell out in app.py, extensions.py and tasks, wired at once."""

from collections.abc import Callable, Iterable
from functools import wraps
from typing import TYPE_CHECKING, Any

from flask import Flask

from shared import logs
from shared.bus import Bus, Handlers
from shared.commands import Claim, Commands
from shared.database import Database, model_base
from shared.identity import revocations
from shared.settings import Settings
from shared.web import create_service

if TYPE_CHECKING:
    from celery import Celery

Work = Callable[[Claim], Any]


class Service:
    """Database, bus, handlers and commands of the service in `services/<name>`, whose app.py makes one of these.

    Handlers are registered with `on`, commands with `command`, tables are subclasses of `Model`; `urls` are the API's
    (URL, Resource). It refuses the tokens of sessions that ended, as every service does.
    """

    def __init__(self, name: str, *, urls: Iterable[tuple[str, Any]] = ()):
        self.name, self.urls = name, list(urls)
        self.database = Database(migrations=f"services/{name}/migrations")
        self.bus, self.handlers = Bus(), Handlers(name)
        self.on = self.handlers.on
        self.Model: Any = model_base()
        self.settings: type[Settings] = type(f"{name.title()}Settings", (Settings,), {"service": name})
        self.performed: list[tuple[Commands, Work]] = []
        """Its commands, each with the work that they are."""
        revocations.handlers_on(self.handlers)

        def create_app(settings: Settings | None = None, **options: Any) -> Flask:
            """The app of every role; `options` are create_service's, for tests."""
            return self._wire(settings or self.settings(), options)

        self.create_app = create_app  # a plain function: Flask's command takes no method for a factory

    def command(self, model: type, **options: Any) -> Callable[[Work], Commands]:
        """Has the rows of `model` be commands that the function performs; its name then stands for the commands.

        `options` are those of Commands. Like any task it must be safe to run twice.
        """

        def register(work: Work) -> Commands:
            task = f"{self.name}.{work.__name__}"
            commands = Commands(model, self.database, task=task, queue=self.name, **options)
            self.performed.append((commands, work))
            return commands

        return register

    def _wire(self, settings: Settings, options: dict[str, Any]) -> Flask:
        app = create_service(self.name, settings, urls=self.urls, **options)
        self.database.init_app(app, settings)
        commands = [commands for commands, _ in self.performed]
        self.bus.init_app(app, settings, database=self.database, handlers=self.handlers, commands=commands)
        return app

    def celery_app(self) -> "Celery":
        """What tasks.py calls `app`: the worker that performs the commands, on threads, since most work waits."""
        from shared.commands.celery_app import make_celery  # here, so that no api process loads Celery
        from shared.commands.performing import performs

        settings = self.settings()
        flask_app = self.create_app(settings)
        logs.set_role("tasks")
        celery_app = make_celery(self.name, settings, pool="threads", concurrency=4, database=self.database)
        for commands, work in self.performed:
            performs(commands, celery_app)(_within(flask_app, work))
        return celery_app


def _within(app: Flask, work: Work) -> Work:
    @wraps(work)
    def run(claim: Claim) -> Any:
        with app.app_context():
            return work(claim)

    return run
