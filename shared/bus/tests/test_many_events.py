"""A load of events, over a broker and a database of each kind."""

import pytest

from shared.bus.tests.writers import assert_each_once_in_order, write_concurrently
from shared.testing import eventually

KINDS = [("sqlite", "redis"), ("postgres", "redis"), ("postgres", "rabbitmq")]


@pytest.mark.slow
@pytest.mark.parametrize(("database_url", "broker"), KINDS, indirect=True)
def test_ten_thousand_events_of_concurrent_writers_arrive_each_once_and_in_order(broken_world, running):
    world = broken_world
    world.keep_book()
    running(world.relay(), world.consumer())
    write_concurrently(world, writers=4, each=2_500)
    eventually(lambda: len(world.noted()) >= 10_000, within=300, every=0.2)
    assert_each_once_in_order(world, writers=4, each=2_500)
