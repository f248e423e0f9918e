"""A collection's rules as conditions in SQL and as decisions about one record."""

from collections.abc import Mapping
from functools import lru_cache
from typing import Any

from sqlalchemy import ColumnElement

from services.data.errors import AccessRefused
from services.data.schema.fields import OPERATIONS, FieldDefinition, Operation, Rules, field_types
from services.data.schema.snapshots import Collection
from shared.problems import Problem, Unauthenticated
from shared.rules import RuleProblem, check, parse, to_predicate, to_sql
from shared.rules.predicate import Asker, Predicate

ADMINS_ONLY = '@me.role = "admin"'
"""What a rule that is null means."""


def may(collection: Collection, operation: Operation, record: Mapping[str, Any], me: Asker | None) -> bool:
    """Whether the rules allow an operation on a record (a row's values, or a record's JSON)."""
    return _predicate(collection, operation)(record, me)


def condition(collection: Collection, operation: Operation, me: Asker | None) -> ColumnElement[bool]:
    """The rows on which the rules allow an operation."""
    return to_sql(parse(_rule(collection, operation)), dict(collection.table.c), me)


def filter_condition(collection: Collection, text: str, me: Asker | None) -> ColumnElement[bool]:
    """The rows that a client's filter names; a RuleProblem says where it is wrong."""
    rule = parse(text)
    check(rule, collection.types)
    return to_sql(rule, dict(collection.table.c), me)


def refuse_outsiders(collection: Collection, operation: Operation, me: Asker | None) -> None:
    """Ends an operation that is for admins alone before anything is told of the collection's rows."""
    if getattr(collection.rules, operation) is None and getattr(me, "role", None) != "admin":
        raise refusal(me)


def refusal(me: Asker | None) -> Problem:
    """Why somebody may not: who did not sign in is asked to."""
    return AccessRefused() if me else Unauthenticated("The collection's rules do not allow that to the anonymous.")


def check_rules(rules: Rules, fields: Mapping[str, FieldDefinition]) -> None:
    """A RuleProblem with the rule's pointer where one does not fit the fields."""
    for operation in OPERATIONS:
        if (text := getattr(rules, operation)) is None:
            continue
        try:
            check(parse(text), field_types(fields))
        except RuleProblem as problem:
            problem.errors = [{"pointer": f"#/rules/{operation}", "detail": problem.detail}]
            raise


def _rule(collection: Collection, operation: Operation) -> str:
    text = getattr(collection.rules, operation)
    return ADMINS_ONLY if text is None else text


@lru_cache(maxsize=1024)
def _predicate(collection: Collection, operation: Operation) -> Predicate:
    return to_predicate(parse(_rule(collection, operation)), collection.types)
