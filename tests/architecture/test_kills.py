"""Which containers are killed while the story is played: all that are meant to live, by whatever seed."""

import random
from itertools import islice

import pytest
import yaml

from demo.steps import STEPS
from tests.architecture.sources import ROOT
from tests.containers.killing import OTHERS, PILLARS, drawn


def test_whatever_lives_may_be_killed():
    services = yaml.safe_load((ROOT / "docker-compose.yml").read_text())["services"]
    living = {
        name for name, one in services.items() if one.get("restart") == "unless-stopped" and "profiles" not in one
    }
    assert living == {*PILLARS, *OTHERS}


@pytest.mark.parametrize("seed", range(5))
def test_what_everything_goes_through_dies_by_every_seed_though_each_step_has_but_one_kill(seed):
    killed = list(islice(drawn(random.Random(seed)), len(STEPS)))
    assert {*PILLARS} <= {*killed}
    assert killed == list(islice(drawn(random.Random(seed)), len(STEPS)))
