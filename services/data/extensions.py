"""What data is connected to, unbound until create_app."""

from pathlib import Path

from flask import current_app

from shared.bus import Bus
from shared.database import Database
from shared.objects import ObjectStore

database = Database(migrations="services/data/migrations")
bus = Bus()


class Files:
    """The object store of the app at hand."""

    def init_app(self, app, folder: Path) -> None:
        """Binds the app to the object store in a folder."""
        app.extensions["objects"] = ObjectStore(folder)

    @property
    def store(self) -> ObjectStore:
        """The store; within an app context."""
        return current_app.extensions["objects"]


files = Files()
