"""A roll replaces containers one by one and never leaves fewer than there were."""

import os
import signal
import threading

import pytest

from quintet import compose, roll_command
from quintet.failing import Failed
from quintet.rolling import Roll, rollable

SERVICES = ["gateway", "postgres", "redis", "mail-catcher", "admin", "beat"]
SERVICES += ["data-migrate", "data", "data-bus", "mail-migrate", "mail", "mail-bus", "mail-tasks"]


class Engine:
    """A project in memory; it notes what was done, and the fewest containers of each service that were well."""

    def __init__(self, **counts: int):
        self.made, self.done, self.ailing = 0, [], set()
        self.of = {name.replace("_", "-"): {} for name in counts}
        for name, count in counts.items():
            self._make(name.replace("_", "-"), count)
        self.fewest = {name: len(found) for name, found in self.of.items()}

    def services(self) -> list[str]:
        return SERVICES

    def containers(self, service: str) -> dict[str, bool]:
        return dict(self.of.get(service, {}))

    def scale(self, service: str, count: int) -> None:
        self._make(service, count - len(self.of[service]))
        self.done.append(f"{service}={count}")

    def run_once(self, service: str) -> None:
        self.done.append(service)

    def is_well(self, container: str) -> bool:
        return container.partition("_")[0] not in self.ailing

    def end(self, container: str) -> None:
        name = container.partition("_")[0]
        del self.of[name][container]
        well = [one for one, is_running in self.of[name].items() if is_running]
        self.fewest[name] = min(self.fewest[name], len(well))
        self.done.append(f"{container} ended")

    def last_words(self, container: str) -> str:
        return f"{container} says why"

    def _make(self, name: str, count: int) -> None:
        for _ in range(count):
            self.made += 1
            self.of[name][f"{name}_{self.made}"] = True


def roll(engine: Engine, *names: str) -> list[str]:
    """What it told."""
    told = []
    Roll(engine, 0.01, lambda what, _seconds: told.append(what)).run(list(names))
    return told


def test_each_container_gives_way_to_a_new_one_that_is_well():
    engine = Engine(data=2)
    told = roll(engine, "data")
    assert engine.done == ["data-migrate", "data=3", "data_1 ended", "data=3", "data_2 ended"]
    assert list(engine.of["data"]) == ["data_3", "data_4"]
    assert engine.fewest["data"] == 2
    assert told[0] == "data-migrate done"
    assert told[-1] == "data 2 of 2: the old one ended"


def test_all_are_the_roles_of_every_service_and_beat_workers_first():
    assert [*rollable(SERVICES)] == ["data-bus", "data", "mail-tasks", "mail-bus", "mail", "beat"]
    engine = Engine(data=1, data_bus=1, mail=1, mail_bus=1, mail_tasks=2, beat=1)
    roll(engine, "all")
    assert engine.done[:2] == ["data-migrate", "mail-migrate"]
    assert {name: len(found) for name, found in engine.of.items()} == engine.fewest
    assert engine.made == 14


def test_where_the_new_one_is_not_well_the_old_stay_and_it_goes():
    engine = Engine(data=2)
    engine.ailing.add("data")
    with pytest.raises(Failed, match=r"not well(.|\n)*data_3 says why"):
        roll(engine, "data")
    assert list(engine.of["data"]) == ["data_1", "data_2"]


def interrupted(engine: Engine, at: str) -> list[str]:
    """A roll of data that is told to end while it does `at`; what it said, the last word its complaint."""
    told, is_over, does = [], threading.Event(), getattr(engine, at)

    def interrupt(*words: object) -> object:
        is_over.set()
        return does(*words)

    setattr(engine, at, interrupt)
    with pytest.raises(Failed) as refusal:
        Roll(engine, 0.01, lambda what, _seconds: told.append(what), is_over.is_set).run(["data"])
    return [*told, refusal.value.message]


def test_an_interrupted_roll_takes_the_new_one_back_that_is_not_well_yet():
    engine = Engine(data=2)
    engine.ailing.add("data")
    assert "Interrupted" in interrupted(engine, "is_well")[-1]
    assert list(engine.of["data"]) == ["data_1", "data_2"]


def test_an_interrupted_roll_has_the_old_one_end_whose_successor_is_well():
    engine = Engine(data=2)
    assert "Interrupted" in interrupted(engine, "end")[-1]
    assert list(engine.of["data"]) == ["data_2", "data_3"]
    assert engine.fewest["data"] == 2


def test_a_roll_that_is_interrupted_while_it_migrates_touches_no_container():
    engine = Engine(data=1)
    assert interrupted(engine, "run_once")[:-1] == ["data-migrate done"]
    assert list(engine.of["data"]) == ["data_1"]


def test_a_signal_is_kept_in_mind_and_ends_nothing_at_once():
    with roll_command.told_to_end() as is_over:
        assert not is_over()
        os.kill(os.getpid(), signal.SIGINT)
        os.kill(os.getpid(), signal.SIGHUP)
        assert is_over()


def test_a_second_roll_of_the_same_system_is_refused(tmp_path):
    (tmp_path / ".env").touch()

    def alone():
        return roll_command.alone(tmp_path / ".env")

    with alone(), pytest.raises(Failed, match="Another roll"), alone():
        pass
    with alone():
        pass


def test_one_that_had_ended_is_taken_away_and_does_not_count():
    engine = Engine(data=2)
    engine.of["data"]["data_2"] = False
    roll(engine, "data")
    assert list(engine.of["data"]) == ["data_3"]


def test_what_does_not_run_is_said_and_left_alone():
    engine = Engine(data=1)
    told = roll(engine, "mail-tasks", "data")
    assert told[:3] == ["mail-migrate done", "data-migrate done", "mail-tasks does not run"]


def test_where_nothing_runs_nothing_is_begun():
    engine = Engine()
    with pytest.raises(Failed, match="Nothing of it runs"):
        roll(engine, "all")
    assert engine.done == []


@pytest.mark.parametrize("name", ["gateway", "postgres", "redis", "mail-catcher", "data-migrate", "admin", "nothing"])
def test_what_can_not_stand_twice_is_refused_before_anything_is_done(name):
    engine = Engine(data=1)
    with pytest.raises(Failed, match=name):
        roll(engine, "data", name)
    assert engine.done == []


def test_a_machine_without_docker_is_told_so(monkeypatch, tmp_path):
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(Failed, match="no docker command"):
        compose.found()


def test_an_engine_that_does_not_answer_is_told(monkeypatch, tmp_path):
    docker = tmp_path / "docker"
    docker.write_text("#!/bin/sh\necho 'the daemon is off' >&2; exit 1\n")
    docker.chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}:/bin:/usr/bin")
    with pytest.raises(Failed, match="the daemon is off"):
        compose.found()
