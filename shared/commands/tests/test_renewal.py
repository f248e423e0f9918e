"""One thread renews the leases of all that is worked on in a process, and nothing that is over."""

import threading
from types import SimpleNamespace

from sqlalchemy.exc import OperationalError

from shared.commands.renewal import Renewal
from shared.testing import eventually


class Held:
    """A claim that counts its renewals; `error` is raised by the first, `is_lost` ends them."""

    def __init__(self, lease_seconds: float, *, error: Exception | None = None, is_lost: bool = False):
        self.commands, self.id = SimpleNamespace(lease_seconds=lease_seconds), "claim"
        self.renewals, self.error, self.is_lost = 0, error, is_lost
        self.may_go_on, self.is_under_way = threading.Event(), threading.Event()
        self.may_go_on.set()

    def renew(self) -> bool:
        self.is_under_way.set()
        self.may_go_on.wait(60)
        self.renewals += 1
        if self.error and self.renewals == 1:
            raise self.error
        return not self.is_lost


def test_long_work_is_renewed_again_and_again_by_one_thread():
    claims = [Held(0.06), Held(0.15), Held(0.03)]
    renewals = [Renewal(claim) for claim in claims]
    for renewal in renewals:
        renewal.__enter__()
    eventually(lambda: all(claim.renewals >= 3 for claim in claims))
    assert sum(thread.name == "renewer" for thread in threading.enumerate()) == 1
    for renewal in renewals:
        renewal.__exit__()


def test_a_shorter_lease_is_renewed_in_time_beside_a_long_one():
    with Renewal(Held(3600)):
        short = Held(0.03)
        with Renewal(short):
            eventually(lambda: short.renewals >= 2)


def test_a_lease_is_renewed_after_idle_times():
    for _ in range(3):
        claim = Held(0.03)
        with Renewal(claim):
            eventually(lambda claim=claim: claim.renewals >= 1)


def test_the_end_of_the_work_waits_for_its_renewal_under_way():
    claim = Held(0.03)
    claim.may_go_on.clear()
    renewal = Renewal(claim)
    renewal.__enter__()
    assert claim.is_under_way.wait(60)
    ending = threading.Thread(target=renewal.__exit__)
    ending.start()
    eventually(lambda: renewal not in renewal._renewer._due)  # it waits
    assert claim.renewals == 0
    claim.may_go_on.set()
    ending.join(60)
    assert not ending.is_alive()
    assert claim.renewals == 1


def test_a_lost_lease_is_not_renewed_any_more():
    lost, held = Held(0.03, is_lost=True), Held(0.03)
    with Renewal(lost), Renewal(held):
        eventually(lambda: held.renewals >= 5)
    assert lost.renewals == 1


def test_a_renewal_that_fails_is_tried_again_and_harms_no_other():
    shaken, calm = Held(0.03, error=OperationalError("", {}, Exception("away"))), Held(0.03)
    with Renewal(shaken), Renewal(calm):
        eventually(lambda: shaken.renewals >= 3 and calm.renewals >= 3)
