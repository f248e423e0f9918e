"""Keeps a claim's lease alive while its work runs."""

import threading

from sqlalchemy.exc import SQLAlchemyError

from shared.commands.claims import Claim
from shared.logs import get

log = get("commands")


class Renewal:
    """Within it a thread renews the lease at a third of its time, until the work ends or the lease is lost."""

    def __init__(self, claim: Claim):
        self.claim = claim
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._renew, name=f"renew-{claim.id}", daemon=True)

    def __enter__(self) -> "Renewal":
        self._thread.start()
        return self

    def __exit__(self, *_error) -> None:
        self._over.set()
        self._thread.join()

    def _renew(self) -> None:
        every = self.claim.commands.lease_seconds / 3
        while not self._over.wait(every):
            try:
                if not self.claim.renew():
                    return
            except SQLAlchemyError as error:  # the next round may reach the database in time
                log.warning("lease not renewed", command_id=self.claim.id, error=type(error).__name__)
