"""Identifiers: UUIDv7, so that ids sort by the time at which they were made."""

import uuid_utils


def new_id() -> str:
    """A new UUIDv7 as its dashed lower-case string."""
    return str(uuid_utils.uuid7())
