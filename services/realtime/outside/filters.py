"""Which types of events somebody wants or may read: names, and whole families as `auth.*`."""

import re
from collections.abc import Iterable

PATTERN = re.compile(r"[a-z][a-z0-9_]*(\.[a-z][a-z0-9_]*)*(\.\*)?|\*", re.ASCII)
MOST_PATTERNS, LONGEST_PATTERN = 50, 120


def is_pattern(text: str) -> bool:
    """Whether the text names a type, a family or, as `*`, everything."""
    return len(text) <= LONGEST_PATTERN and PATTERN.fullmatch(text) is not None


class TypeFilter:
    """Passes the types that some pattern names."""

    def __init__(self, patterns: Iterable[str]):
        self.patterns = tuple(patterns)
        self._names = {one for one in self.patterns if not one.endswith("*")}
        self._families = tuple(one.removesuffix("*") for one in self.patterns if one.endswith("*"))

    def passes(self, type_: str) -> bool:
        """Whether events of this type are meant."""
        return type_ in self._names or type_.startswith(self._families)

    def covers(self, pattern: str) -> bool:
        """Whether all that the pattern names is meant."""
        if pattern.endswith("*"):
            return pattern.removesuffix("*").startswith(self._families)
        return self.passes(pattern)
