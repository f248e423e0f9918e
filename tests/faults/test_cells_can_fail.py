"""A rule left out makes its cell bad: the checks of the cells are no formality."""

import pytest

from tests.faults.broken_rules import RULES
from tests.faults.brokers import BROKERS
from tests.faults.cells import Cell
from tests.faults.faults import fault_named
from tests.faults.laboratory import Laboratory
from tests.faults.steps import step_named

pytestmark = [pytest.mark.slow, pytest.mark.timeout(300)]

SETTLE_WITHIN = 30.0
"""What comes to rest at all does so long before; a rule left out may keep it from that."""


@pytest.fixture(scope="module")
def laboratory(tmp_path_factory):
    laboratory = Laboratory(tmp_path_factory.mktemp("broken"), BROKERS["redis"], {"sqlite": 1})
    yield laboratory
    laboratory.close()


@pytest.mark.parametrize("rule", RULES)
def test_a_cell_is_bad_where_a_rule_is_left_out(laboratory, rule):
    step, fault = RULES[rule][1]
    cell = Cell(step_named(step), fault_named(fault), "sqlite", left_out=rule, settle_within=SETTLE_WITHIN)
    outcomes = []
    laboratory.play([cell], outcomes.append)
    assert "reader has" in outcomes[0].slip or "errand" in outcomes[0].slip or "handled" in outcomes[0].slip
