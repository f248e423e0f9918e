"""What the operator's commands show is short and says its unit."""

import pytest

from quintet import showing


@pytest.mark.parametrize(
    ("count", "shown"),
    [(0, "0 B"), (999, "999 B"), (31_400, "31 kB"), (1_500_000, "1.5 MB"), (2_000_000_000, "2.0 GB")],
)
def test_a_size_is_told_in_the_unit_that_fits_it(count, shown):
    assert showing.size(count) == shown
