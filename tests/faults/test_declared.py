"""What is declared is there: the steps in the code, their results on the page, every pair in the test run."""

from datetime import date

import pytest

from shared.bus.redis_streams import RedisStreams
from tests.faults.cells import every_cell
from tests.faults.conftest import PLAYED
from tests.faults.faults import FAULTS
from tests.faults.page import HELD, PAGE, note_outcomes, read_results, render, with_section
from tests.faults.pairs import pairs_of
from tests.faults.steps import STEPS, locate


@pytest.mark.parametrize("step", STEPS, ids=lambda step: step.name)
def test_every_step_is_a_place_in_the_code(step):
    transport = RedisStreams("redis://127.0.0.1:1/0")
    assert locate(step.place, transport) and locate(step.until, transport)


def test_a_place_that_is_not_there_is_refused():
    with pytest.raises(AttributeError):
        locate("shared.bus.source.numbering:give_letters", None)


def test_the_page_tells_what_ran_and_nothing_else():
    text = PAGE.read_text()
    assert with_section(text, render(read_results())) == text


@pytest.mark.parametrize("broker", read_results())
def test_every_cell_that_makes_sense_has_run_over_redis_and_none_was_bad(broker):
    results = {
        (step, fault, database): result
        for step, of in read_results()[broker]["cells"].items()
        for fault, at in of.items()
        for database, result in at.items()
    }
    assert [cell for cell, result in results.items() if result != HELD] == []
    expected = {cell.key for cell in every_cell() if not cell.reason_against()}
    assert results.keys() == expected if broker == "redis" else results.keys() <= expected


def test_every_pair_of_step_fault_and_database_is_played_by_the_tests():
    sensible = [cell for cell in every_cell() if not cell.reason_against()]
    played = set().union(*map(pairs_of, PLAYED))
    assert played == set().union(*map(pairs_of, sensible))
    assert len(PLAYED) < len(sensible) * 0.6


def test_a_result_that_the_code_no_longer_declares_goes():
    old = {"redis": {"ran": "2026-01-01", "cells": {"gone: away": {FAULTS[0].name: {"sqlite": HELD}}}}}
    assert note_outcomes(old, "redis", [], date(2026, 1, 2)) == {"redis": {"ran": "2026-01-02", "cells": {}}}


def test_what_did_not_run_is_not_claimed():
    some = {"redis": {"ran": "2026-01-01", "cells": {STEPS[0].name: {FAULTS[0].name: {"sqlite": HELD}}}}}
    table = render(some)
    assert f"| {STEPS[0].name} | SQLite: held | not run |" in table
    assert "(1 cells held" in table
