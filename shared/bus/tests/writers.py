"""Writers at once, and what must have become of all that they wrote."""

import threading

from shared.bus.tests.conftest import World


def write_concurrently(world: World, writers: int, each: int) -> None:
    """Each writes under an account of its own."""

    def write(writer: int) -> None:
        for amount in range(each):
            world.write(f"account-{writer}", amount)

    threads = [threading.Thread(target=write, args=(writer,)) for writer in range(writers)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()


def assert_each_once_in_order(world: World, writers: int, each: int) -> None:
    for writer in range(writers):
        assert world.noted(f"account-{writer}") == list(range(each))
