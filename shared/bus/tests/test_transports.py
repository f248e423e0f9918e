"""What the bus asks of every transport, whichever broker is behind it."""

import os
import threading
from contextlib import suppress

import pytest

from shared.bus.transport import Entry, LastNumbers, TransportDown
from shared.bus.transports import transport_for
from shared.testing import eventually

PARTITIONS = range(4)


def entry(number: int, *, partition: int = 1, source: str = "ledger", envelope: str = "{}") -> Entry:
    return Entry(source, "one", partition, number, "ledger.noted", envelope)


def entries(*numbers: int, **more) -> list[Entry]:
    return [entry(number, **more) for number in numbers]


def read_until(reader, count: int) -> list[Entry]:
    """What a reader brings until there are so many."""
    found: list[Entry] = []

    def is_enough() -> bool:
        found.extend(reader.read(wait_seconds=0.2, count=100))
        return len(found) >= count

    eventually(is_enough)
    return found


def is_told_down(ask) -> bool:
    """Whether the transport says that the broker is down; it must come back to say so."""
    try:
        ask()
    except TransportDown:
        return True
    return False


@pytest.fixture
def readers(broker):
    """Makes readers and closes them before their broker."""
    made = []

    def make(*, service=None, partitions=PARTITIONS, sources=("ledger",), transport=None):
        made.append((transport or broker.transport()).reader(partitions, list(sources), service=service))
        return made[-1]

    yield make
    for reader in made:
        reader.close()


@pytest.mark.parametrize("service", [None, "reader"])
def test_what_is_appended_is_read_in_the_order_of_each_partition(broker, readers, service):
    transport = broker.transport()
    reader = readers(service=service)
    transport.append([*entries(1, 2, partition=1), *entries(1, 2, 3, partition=2)])
    transport.append(entries(3, partition=1))
    found = read_until(reader, 6)
    for partition in (1, 2):
        assert [one for one in found if one.partition == partition] == entries(1, 2, 3, partition=partition)
    assert reader.read(wait_seconds=0.05, count=10) == []


def test_an_entry_arrives_as_it_was_appended(broker, readers):
    whole = entry(2**40, envelope='{"data": "\\u0000 ü € 🦉 ' + "x" * 1_000_000 + '"}')
    reader = readers()
    broker.transport().append([whole])
    assert read_until(reader, 1) == [whole]


def test_a_batch_of_thousands_arrives_whole(broker, readers):
    batch = entries(*range(1, 2_501), envelope='{"data": "' + "x" * 500 + '"}')
    reader = readers(service="reader")
    broker.transport().append(batch)
    assert read_until(reader, 2_500) == batch


def test_a_reader_of_ones_own_begins_at_the_end(broker, readers):
    transport = broker.transport()
    readers(service="reader")
    transport.append(entries(1))
    reader = readers()
    transport.append(entries(2))
    assert read_until(reader, 1) == entries(2)


def test_every_reader_of_its_own_gets_everything(broker, readers):
    first, second = readers(), readers()
    broker.transport().append(entries(1, 2, 3))
    assert read_until(first, 3) == read_until(second, 3) == entries(1, 2, 3)


def test_two_services_get_everything_each(broker, readers):
    one, other = readers(service="reader"), readers(service="other")
    broker.transport().append(entries(1, 2, 3))
    assert read_until(one, 3) == read_until(other, 3) == entries(1, 2, 3)


def test_two_processes_of_one_service_get_everything_between_them(broker, readers):
    transport, pair = broker.transport(), [readers(service="reader"), readers(service="reader")]
    transport.append([one for partition in PARTITIONS for one in entries(1, 2, 3, partition=partition)])
    found = set()

    def are_all_there() -> bool:
        for reader in pair:
            found.update((one.partition, one.number) for one in reader.read(wait_seconds=0.1, count=10))
        return len(found) == 12

    eventually(are_all_there)


def test_a_reader_that_leaves_makes_room_for_another(broker, readers):
    transport = broker.transport()
    first, second = readers(service="reader"), readers(service="reader")
    transport.append(entries(1))
    read_until_one_has_it(first, second)
    first.close()
    transport.append(entries(2))
    assert read_until(second, 1)[-1] == entry(2)


def read_until_one_has_it(*several) -> None:
    eventually(lambda: any(reader.read(wait_seconds=0.1, count=10) for reader in several))


def test_a_reader_brings_its_own_partitions_only(broker, readers):
    transport = broker.transport()
    one, other = readers(service="reader", partitions=[0]), readers(service="reader", partitions=[1])
    transport.append([entry(1, partition=0), entry(1, partition=1)])
    assert [found.partition for found in read_until(one, 1)] == [0]
    assert [found.partition for found in read_until(other, 1)] == [1]


def test_last_numbers_are_heard_with_each_beat(broker, readers):
    transport, reader = broker.transport(), readers(sources=("ledger", "other"))
    for beat in ("a", "b"):
        last = LastNumbers("one", {0: 7, 3: 2**40}, beat)
        transport.tell_last("ledger", last)
        eventually(lambda last=last: heard(reader) == {"ledger": last})


def heard(reader) -> dict[str, LastNumbers]:
    reader.read(wait_seconds=0.05, count=10)
    return reader.last()


def test_last_numbers_are_kept_for_the_relay_that_takes_over(broker):
    transport = broker.transport()
    assert transport.last_told("ledger") is None
    for beat in ("a", "b", "c"):
        transport.tell_last("ledger", LastNumbers("one", {0: 7}, beat))
    for _ in range(3):  # told is told, however often it is asked
        assert broker.transport().last_told("ledger") == LastNumbers("one", {0: 7}, "c")
    transport.tell_last("ledger", LastNumbers("two", {0: 8}, "d"))
    assert transport.last_told("ledger") == LastNumbers("two", {0: 8}, "d")


def test_many_pokes_are_one_and_count_before_they_are_awaited(broker):
    transport, other = broker.transport(), broker.transport()
    for _ in range(5):
        other.poke("ledger")
    assert eventually(lambda: transport.await_poke("ledger", 0.2))
    assert not transport.await_poke("ledger", 0.05)
    assert not transport.await_poke("other", 0.05)


def test_a_poke_wakes_who_awaits_it(broker):
    transport, woken = broker.transport(), []
    transport.await_poke("ledger", 0.01)
    waiting = threading.Thread(target=lambda: woken.append(transport.await_poke("ledger", 60)))
    waiting.start()
    broker.transport().poke("ledger")
    waiting.join(60)
    assert woken == [True]


def test_a_broker_that_is_off_is_told_at_once_and_found_again(broker, readers):
    transport = broker.transport()
    reader, fresh = readers(transport=transport, service="reader"), broker.transport()
    transport.append(entries(1))
    read_until(reader, 1)
    broker.stop()
    for ask in asking(transport) + asking(fresh):
        eventually(lambda ask=ask: is_told_down(ask))
    eventually(lambda: is_told_down(lambda: reader.read(wait_seconds=0.1, count=1)))
    assert is_told_down(lambda: transport.reader(PARTITIONS, ["ledger"], service="reader"))
    broker.start(is_empty=True)
    reader = readers(transport=transport, service="reader")
    eventually(lambda: not is_told_down(lambda: transport.append(entries(2))))
    assert read_until(reader, 1)[-1] == entry(2)
    eventually(lambda: not any(is_told_down(ask) for ask in asking(transport)))


def asking(transport) -> list:
    """Every question that a transport must answer or refuse."""
    return [
        lambda: transport.append(entries(9, partition=3)),
        lambda: transport.tell_last("ledger", LastNumbers("one", {0: 7}, "a")),
        lambda: transport.last_told("ledger"),
        lambda: transport.poke("ledger"),
        lambda: transport.await_poke("ledger", 0.05),
    ]


def test_nobody_hangs_on_a_broker_that_answers_nothing(broker, readers, monkeypatch):
    monkeypatch.undo()  # as little patience as in production
    transport, fresh = broker.transport(), broker.transport()
    reader = readers(service="reader")
    transport.append(entries(1))
    read_until(reader, 1)
    broker.freeze()
    try:
        for ask in asking(transport)[:4] + asking(fresh):
            assert is_told_down(ask)
        assert is_told_down(lambda: fresh.reader(PARTITIONS, ["ledger"]))
        with suppress(TransportDown):  # a silent broker may look like an idle one
            assert reader.read(wait_seconds=0.1, count=1) == []
    finally:
        broker.thaw()
    eventually(lambda: not is_told_down(lambda: transport.append(entries(2))))


def test_a_broker_that_forgets_goes_on(broker, readers):
    transport, reader = broker.transport(), readers(service="reader")
    transport.append(entries(1))
    read_until(reader, 1)
    broker.flush()
    found: list[Entry] = []

    def is_brought() -> bool:
        """A reader that was thrown out comes back."""
        with suppress(TransportDown):
            transport.append(entries(2))
            found.extend(reader.read(wait_seconds=0.2, count=10))
        return entry(2) in found

    eventually(is_brought)


def test_several_threads_share_a_transport(broker, readers):
    transport, reader, failed = broker.transport(), readers(), []

    def work(partition: int) -> None:
        try:
            for number in range(1, 21):
                transport.append(entries(number, partition=partition))
                transport.poke("ledger")
        except TransportDown as down:
            failed.append(down)

    threads = [threading.Thread(target=work, args=(partition,)) for partition in PARTITIONS]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failed == []
    found = read_until(reader, 80)
    for partition in PARTITIONS:
        assert [one.number for one in found if one.partition == partition] == list(range(1, 21))


def test_a_forked_process_makes_connections_of_its_own(broker, readers):
    if broker.url == "memory":
        pytest.skip("what is in memory is not shared with a forked process")
    transport, reader = broker.transport(), readers()
    transport.append(entries(1))
    child = os.fork()
    if child == 0:
        try:
            transport.append(entries(2))
        finally:
            os._exit(0)
    assert os.waitpid(child, 0)[1] == 0
    transport.append(entries(3))
    assert read_until(reader, 3) == entries(1, 2, 3)


def test_a_broker_is_chosen_by_the_scheme_of_its_url():
    assert type(transport_for("redis://127.0.0.1:1/0")).__name__ == "RedisStreams"
    assert type(transport_for("amqp://127.0.0.1:1//")).__name__ == "AmqpTransport"
    with pytest.raises(ValueError, match="ftp"):
        transport_for("ftp://127.0.0.1")
