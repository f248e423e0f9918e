"""The table of processes, and what supervisord is told of it."""

import configparser
import shlex

import pytest
import yaml

from quintet import compose_file, processes, supervision
from quintet.choosing import assign_ports
from quintet.keys import Keys
from quintet.settings import OperatorSettings
from quintet.state import ROOT, SERVICES, Shape, State
from shared.commands.ending import FINISHING_SECONDS


@pytest.fixture
def state(tmp_path):
    state = State(tmp_path / "a folder, 100% odd")
    state.make_folders()
    return state


def table(state: State, **choices) -> tuple[Shape, list[processes.Process]]:
    shape = assign_ports(Shape(port=0, mail_port=0, **choices), OperatorSettings(), is_running=False)
    return shape, processes.watched(state, shape)


MANY = {"counts": {"data": 2, "mail-tasks": 3, "auth-bus": 2}}


@pytest.mark.parametrize("choices", [{}, {"database": "postgres"}, MANY])
def test_the_names_and_the_table_agree(state, choices):
    shape, found = table(state, **choices)
    assert sorted(process.name for process in found) == sorted(processes.names(shape))


def test_every_role_of_every_service_is_there(state):
    _, found = table(state)
    names = {process.name for process in found}
    assert {*SERVICES, *(f"{service}-bus" for service in SERVICES)} <= names
    assert {"mail-tasks", "worker-tasks", "beat", "redis", "mail-catcher", "gateway"} <= names


def test_every_process_can_show_that_it_is_ready(state):
    _, found = table(state, database="postgres")
    assert all(process.port or process.line for process in found)


def test_every_process_has_a_module_behind_it(state):
    _, found = table(state)
    for service in {process.service for process in found} - {None}:
        assert (ROOT / f"services/{service}/app.py").is_file()


def test_a_worker_is_given_more_time_to_end_than_it_may_go_on_working(state):
    _, found = table(state)
    graces = {one.name: one.grace_seconds for one in found if one.name.endswith("-tasks")}
    in_containers = yaml.safe_load(compose_file.rendered())["services"]
    graces |= {f"{name} in a container": int(in_containers[name]["stop_grace_period"][:-1]) for name in graces}
    assert len(graces) == 4 and min(graces.values()) > FINISHING_SECONDS


def test_an_instance_has_a_port_of_its_own(state):
    shape, found = table(state, counts={"data": 2})
    binds = [process.command for process in found if process.name in ("data", "data-2")]
    assert [f"127.0.0.1:{shape.ports[name]}" for name in ("data", "data-2")] == [
        command[command.index("--bind") + 1] for command in binds
    ]


def test_supervisord_reads_back_what_was_meant(state):
    shape, found = table(state, database="postgres")
    supervision.write_configuration(state, shape, Keys(state), found)
    file = state.path("run", "supervisord.conf")
    parser = configparser.ConfigParser()
    parser.read(file)
    assert file.stat().st_mode & 0o777 == 0o600
    for process in found:
        section = parser[f"program:{process.name}"]
        assert shlex.split(section["command"]) == process.command
        assert section["stdout_logfile"] == f"log/{process.name}.log"


def test_a_process_inherits_nothing_that_could_change_its_settings(state, monkeypatch):
    monkeypatch.setenv("DATABASE_URL", "sqlite:///elsewhere.db")
    monkeypatch.setenv("HTTP_PROXY", "http://proxy.example")
    given = supervision.base_environment(state)
    assert not {"DATABASE_URL", "HTTP_PROXY"} & set(given)
    assert given[supervision.MARKER] == str(state.folder)
