"""Leases: who may take one, and whose it still is."""

from datetime import datetime


def may_take(*, holder: str, until: datetime, me: str, now: datetime) -> bool:
    """Whether another's lease has run out, so that it passes to `me` under the next generation."""
    return holder != me and until < now


def is_mine(held: tuple[str, int], mine: tuple[str, int]) -> bool:
    """Whether a lease, (owner, generation), has not passed to another meanwhile: checked in what is done under it."""
    return held == mine
