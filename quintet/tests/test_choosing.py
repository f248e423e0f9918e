"""What was chosen before stays, what is chosen now is laid over it, and what can't be is said in one line."""

import socket

import pytest

from quintet import ports
from quintet.choosing import Choices, assign_ports, lay_over, refuse_change, refuse_newcomers
from quintet.failing import Failed
from quintet.settings import OperatorSettings
from quintet.state import SERVICES, Shape

SETTINGS = OperatorSettings()


@pytest.fixture
def taken_port():
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen()
        yield listener.getsockname()[1]


def test_what_is_not_chosen_stays_as_it_was():
    before = Shape(database="postgres", port=9000, counts={"data": 2})
    after = lay_over(before, Choices(counts={"realtime": 3}))
    assert (after.database, after.port, after.counts) == ("postgres", 9000, {"data": 2, "realtime": 3})


@pytest.mark.parametrize("counts", [{"beat": 2}, {"nobody": 2}, {"data": 0}, {"data": 65}, {"mail-tasks": 1000}])
def test_what_can_not_be_scaled_is_refused(counts):
    with pytest.raises(Failed, match=next(iter(counts))):
        lay_over(Shape(), Choices(counts=counts))


@pytest.mark.parametrize("choices", [Choices(database="postgres"), Choices(port=9000), Choices(mail_port=9000)])
def test_a_running_system_keeps_its_database_and_ports(choices):
    with pytest.raises(Failed, match="make down"):
        refuse_change(Shape(), choices)


def test_choosing_what_is_so_already_is_no_change():
    refuse_change(Shape(port=9000), Choices(database="sqlite", port=9000))
    refuse_change(Shape(port=9000), Choices(port=0))


def test_every_listener_has_a_port_of_its_own():
    shape = assign_ports(Shape(port=0, mail_port=0, counts={"data": 2}), SETTINGS, is_running=False)
    given = [shape.port, shape.mail_port, *shape.ports.values()]
    assert len(set(given)) == len(given)
    assert set(shape.ports) == {"supervisor", "redis", "smtp", "data-2", *SERVICES}


def test_ports_are_kept_from_one_start_to_the_next():
    first = assign_ports(Shape(port=0, mail_port=0), SETTINGS, is_running=False)
    assert assign_ports(first, SETTINGS, is_running=False) == first


def test_an_internal_port_that_was_taken_meanwhile_is_replaced(taken_port):
    shape = Shape(port=0, mail_port=0, ports={"redis": taken_port})
    assert assign_ports(shape, SETTINGS, is_running=False).ports["redis"] != taken_port


def test_a_new_instance_on_a_running_system_moves_no_other():
    running = assign_ports(Shape(port=0, mail_port=0), SETTINGS, is_running=False)
    wider = assign_ports(lay_over(running, Choices(counts={"data": 2})), SETTINGS, is_running=True)
    assert {name: wider.ports[name] for name in running.ports} == running.ports
    assert "data-2" in wider.ports


def test_a_port_in_use_is_said_with_its_setting(taken_port):
    with pytest.raises(Failed, match=rf"^Port {taken_port} is in use; .*PORT="):
        assign_ports(Shape(port=taken_port, mail_port=0), SETTINGS, is_running=False)
    with pytest.raises(Failed, match="MAIL_PORT="):
        assign_ports(Shape(port=0, mail_port=taken_port), SETTINGS, is_running=False)


def test_a_chosen_port_is_free(taken_port):
    assert not ports.is_free(taken_port)
    assert ports.is_free(ports.choose())


def test_a_service_that_was_laid_down_on_a_running_system_waits_for_its_end():
    ports = dict.fromkeys(SERVICES, 1)
    refuse_newcomers(Shape(ports=ports))
    del ports["worker"]
    with pytest.raises(Failed, match="worker is new here"):
        refuse_newcomers(Shape(ports=ports))


def test_a_rabbitmq_has_ports_for_itself_its_distribution_and_its_epmd():
    shape = assign_ports(Shape(broker="rabbitmq", port=0, mail_port=0), SETTINGS, is_running=False)
    assert {"redis", "rabbitmq", "rabbitmq-distribution", "epmd"} <= set(shape.ports)


def test_only_a_stopped_system_changes_its_broker():
    with pytest.raises(Failed, match="BROKER=redis"):
        refuse_change(Shape(port=9000), Choices(broker="rabbitmq"))
    assert lay_over(Shape(), Choices(broker="rabbitmq")).broker == "rabbitmq"
