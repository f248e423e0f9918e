"""The schedule: the seed decides it, and it keeps within the run."""

from itertools import pairwise

import pytest

from chaos import schedule
from chaos.schedule import Targets, plan

PROCESSES = ["redis", "rabbitmq", "postgres", "mail-catcher", "gateway", "beat"]
PROCESSES += ["data", "data-2", "data-bus", "worker-tasks"]
TARGETS = Targets(PROCESSES, ["data", "mail"], disks=["data"])


def test_the_same_seed_gives_the_same_schedule():
    assert plan(7, 600, TARGETS) == plan(7, 600, TARGETS)


def test_another_seed_gives_another_schedule():
    assert plan(7, 600, TARGETS) != plan(8, 600, TARGETS)


@pytest.mark.parametrize("seed", range(20))
def test_faults_come_in_order_and_are_over_when_the_run_is(seed):
    faults = plan(seed, 60, TARGETS)
    assert faults
    assert [fault.at for fault in faults] == sorted(fault.at for fault in faults)
    assert min(fault.at for fault in faults) >= schedule.CALM_SECONDS
    assert max(fault.ends for fault in faults) <= 60 + 0.01


def test_every_kind_of_fault_comes_in_a_long_run_and_some_overlap():
    faults = plan(1, 3600, TARGETS)
    assert {fault.kind for fault in faults} == set(schedule.WEIGHTS)
    assert {fault.target for fault in faults} >= set(PROCESSES)
    assert any(later.at < earlier.ends for earlier, later in pairwise(faults))


def test_what_can_not_be_struck_is_not():
    faults = plan(1, 3600, Targets(["redis", "data"], ["data", "mail"]))
    assert {fault.kind for fault in faults}.isdisjoint({schedule.DISK, *schedule.RABBIT})
    assert {fault.part for fault in faults if fault.kind == schedule.CUT} == {"redis"}


def test_all_instances_means_those_of_a_process_that_runs_more_than_once():
    struck = {fault.target for fault in plan(1, 3600, TARGETS) if fault.kind == schedule.KILL_ALL}
    assert struck == {"data"}
