"""One database per service: how it is opened, what a unit of work is, which column types mean the same on both."""

from shared.database.session import Database, after_commit
from shared.database.types import Id, JsonDocument, Timestamp, model_base, naming_convention

__all__ = ["Database", "Id", "JsonDocument", "Timestamp", "after_commit", "model_base", "naming_convention"]
