"""Which containers are killed while the story is played: all that are meant to live, by whatever seed."""

import random
from itertools import islice

import pytest

from demo.steps import STEPS
from tests.architecture.sources import SERVICES
from tests.containers.killing import PILLARS, drawn, living


def test_every_role_of_every_service_and_all_they_stand_on_is_killed():
    roles = {*SERVICES, *(f"{name}-bus" for name in SERVICES), "mail-tasks", "worker-tasks", "beat"}
    killed = list(islice(drawn(random.Random(0)), 3 * len(living())))
    assert {*killed} == {*living()} >= {*PILLARS, *roles}


def test_what_runs_once_and_what_is_there_for_development_is_not():
    assert {"auth-migrate", "admin", "operator", "mail-catcher"}.isdisjoint(living())


@pytest.mark.parametrize("seed", range(5))
def test_what_everything_goes_through_dies_by_every_seed_though_each_step_has_but_one_kill(seed):
    killed = list(islice(drawn(random.Random(seed)), len(STEPS)))
    assert {*PILLARS} <= {*killed}
    assert killed == list(islice(drawn(random.Random(seed)), len(STEPS)))
