"""The rule language: one expression that decides in SQL and in Python who may see and change a row."""

from shared.rules.building import MAX_DEPTH, MAX_MEMBERS
from shared.rules.checking import check
from shared.rules.collation import by_code_point
from shared.rules.errors import RuleProblem, RuleSyntax, RuleTypes, RuleUnknownField
from shared.rules.kinds import RESERVED_NAMES, SYSTEM_FIELDS, FieldType
from shared.rules.parsing import MAX_LENGTH, parse
from shared.rules.predicate import to_predicate
from shared.rules.sql import to_sql
from shared.rules.tree import Rule

__all__ = [
    "MAX_DEPTH",
    "MAX_LENGTH",
    "MAX_MEMBERS",
    "RESERVED_NAMES",
    "SYSTEM_FIELDS",
    "FieldType",
    "Rule",
    "RuleProblem",
    "RuleSyntax",
    "RuleTypes",
    "RuleUnknownField",
    "by_code_point",
    "check",
    "parse",
    "to_predicate",
    "to_sql",
]
