"""Leases in the service's own database: who does a thing right now, and under which generation."""

import os
import socket
from collections.abc import Sequence
from datetime import timedelta

from sqlalchemy import Row, bindparam, select, update
from sqlalchemy.orm import Session

from shared import clock
from shared.bus.tables import leases
from shared.database import Database
from shared.database.inserting import insert_new
from shared.ids import new_id


def process_name() -> str:
    """A name that no other process, and no earlier one with the same pid, has."""
    return f"{socket.gethostname()[:30]}:{os.getpid()}:{new_id()[-12:]}"


_CHECK = (
    update(leases)
    .where(leases.c.name == bindparam("p_name"), leases.c.owner == bindparam("p_owner"))
    .where(leases.c.generation == bindparam("p_generation"))
    .values(lease_until=bindparam("p_until"))
)


class Leases:
    """Takes and keeps leases for one owner. What is done under one must be checked by its generation or by
    compare-and-set: a lease can be lost between any two lines."""

    def __init__(self, database: Database, owner: str, seconds: float = 10.0):
        self.database, self.owner, self.seconds = database, owner, seconds

    def hold(self, names: Sequence[str]) -> dict[str, int]:
        """Takes what is free, as `tenure.may_take` says, renews what is held; the generation of each lease held now."""
        with self.database.transaction() as session:
            self._create_missing(session, names)
            now = clock.now()
            session.execute(
                update(leases)
                .where(leases.c.name.in_(names), leases.c.owner != self.owner, leases.c.lease_until < now)
                .values(owner=self.owner, generation=leases.c.generation + 1, lease_until=self._end())
            )
            session.execute(
                update(leases)
                .where(leases.c.name.in_(names), leases.c.owner == self.owner)
                .values(lease_until=self._end())
            )
            held = select(leases.c.name, leases.c.generation).where(
                leases.c.name.in_(names), leases.c.owner == self.owner
            )
            return dict(session.execute(held).all())

    def check(self, session: Session, name: str, generation: int) -> bool:
        """Renews within the caller's transaction; False when the lease, as `tenure.is_mine` says, has passed on."""
        held = {"p_name": name, "p_owner": self.owner, "p_generation": generation, "p_until": self._end()}
        done = session.execute(_CHECK, held)
        return done.rowcount == 1

    def release(self) -> None:
        """Gives everything back at once, so that a successor need not wait."""
        with self.database.transaction() as session:
            session.execute(update(leases).where(leases.c.owner == self.owner).values(lease_until=clock.now()))

    def _end(self):
        return clock.now() + timedelta(seconds=self.seconds)

    def _create_missing(self, session: Session, names: Sequence[str]) -> None:
        known = set(session.scalars(select(leases.c.name).where(leases.c.name.in_(names))))
        for name in names:
            if name not in known:
                row = {"name": name, "owner": self.owner, "generation": 1, "lease_until": self._end()}
                session.execute(insert_new(session, leases).values(row).on_conflict_do_nothing())


def revoke(session: Session, name: str) -> None:
    """Takes a lease from its holder, in the caller's transaction: what is done under it is refused from then on."""
    now = clock.now()
    session.execute(update(leases).where(leases.c.name == name).values(owner="", lease_until=now))


def is_held(session: Session, name: str) -> bool:
    """Whether anybody holds the lease now."""
    found = session.scalar(select(leases.c.lease_until).where(leases.c.name == name))
    return found is not None and found > clock.now()


def holder(session: Session, name: str) -> Row | None:
    """Who took the lease last: owner, generation, lease_until; None where nobody ever did."""
    wanted = select(leases.c.owner, leases.c.generation, leases.c.lease_until).where(leases.c.name == name)
    return session.execute(wanted).one_or_none()
