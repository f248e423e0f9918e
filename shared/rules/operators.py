"""What the comparison operators mean for two values of one kind, null included: always true or false."""

import operator
from collections.abc import Callable

Operator = Callable[[object, object], bool]


def _ordered(compare: Operator) -> Operator:
    def holds(left: object, right: object) -> bool:
        return left is not None and right is not None and compare(left, right)

    return holds


ORDERS = {"<": operator.lt, "<=": operator.le, ">": operator.gt, ">=": operator.ge}

HOLDS: dict[str, Operator] = {
    "=": operator.eq,
    "!=": operator.ne,
    **{name: _ordered(compare) for name, compare in ORDERS.items()},
}

MIRRORED = {"=": "=", "!=": "!=", "<": ">", "<=": ">=", ">": "<", ">=": "<="}
