"""What is wrong with a rule, each with the line and column where it is wrong."""

from shared.problems import Invalid
from shared.rules.tree import Place


class RuleProblem(Invalid):
    """A rule or filter can't be used."""

    def __init__(self, detail: str, place: Place, **members: object) -> None:
        self.line, self.column = place
        super().__init__(f"Line {place.line}, column {place.column}: {detail}", **place._asdict(), **members)


class RuleSyntax(RuleProblem):
    """A rule or filter does not follow the grammar, or is too long or too deep."""


class RuleUnknownField(RuleProblem):
    """A rule or filter names a field that is not there or may not be used."""


class RuleTypes(RuleProblem):
    """A rule or filter compares values that can't be compared."""
