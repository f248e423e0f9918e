"""Faults are made at their times, last as long as they should, and are undone whatever happens."""

import threading
import time
from contextlib import contextmanager

import pytest

from chaos.brokers import Impossible
from chaos.conducting import Conductor
from chaos.schedule import Fault
from shared.testing import eventually


class Recorder:
    """Stands for the faults: notes what begins and ends, and fails as it is told."""

    def __init__(self, error: Exception | None = None):
        self.noted: list[tuple[str, int]] = []
        self.error = error

    @contextmanager
    def during(self, fault: Fault):
        if self.error:
            raise self.error
        self.noted.append(("begin", fault.number))
        try:
            yield
        finally:
            self.noted.append(("end", fault.number))


def conductor(recorder: Recorder, *faults: Fault) -> Conductor:
    return Conductor(recorder, list(faults), lambda _line: None)


def test_faults_overlap_where_their_times_do():
    recorder = Recorder()
    longer, shorter = Fault(0, 0.0, "stop", "data", 600.0), Fault(1, 0.1, "stop", "mail", 0.1)
    playing = conductor(recorder, longer, shorter)
    thread = threading.Thread(target=playing.play, args=(time.monotonic(),))
    thread.start()
    eventually(lambda: {("begin", 0), ("end", 1)} <= {*recorder.noted})
    assert ("end", 0) not in recorder.noted
    playing.stop()
    thread.join(60)
    assert recorder.noted[-1] == ("end", 0)
    assert all(deed.began <= deed.ended and not deed.skipped for deed in playing.deeds)


def test_stopping_undoes_what_lasts_and_begins_nothing_more():
    recorder = Recorder()
    playing = conductor(recorder, Fault(0, 0.0, "stop", "data", 60.0), Fault(1, 30.0, "kill", "mail"))
    thread = threading.Thread(target=playing.play, args=(time.monotonic(),))
    thread.start()
    eventually(lambda: recorder.noted)
    playing.stop()
    thread.join(60)
    assert recorder.noted == [("begin", 0), ("end", 0)]
    assert playing.deeds[1].skipped


def test_a_fault_that_can_not_be_made_is_noted_with_its_reason():
    playing = conductor(Recorder(Impossible("data does not run")), Fault(0, 0.0, "kill", "data"))
    playing.play(time.monotonic())
    assert (playing.deeds[0].skipped, playing.deeds[0].ended) == ("data does not run", 0.0)


def test_a_mistake_of_the_run_itself_is_not_taken_for_a_fault():
    playing = conductor(Recorder(ValueError("a mistake")), Fault(0, 0.0, "kill", "data"))
    with pytest.raises(ValueError, match="a mistake"):
        playing.play(time.monotonic())
