"""The collections as data defines them, and who sees which of their records."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from services.realtime.errors import CollectionNotFound
from shared.events.data import CollectionChanged
from shared.logs import get
from shared.rules import SYSTEM_FIELDS, FieldType, Rule, RuleProblem, parse, to_predicate
from shared.rules.predicate import Asker, Predicate, Record
from shared.rules.tree import Me, values_of

log = get("realtime")


@dataclass(frozen=True)
class Sight:
    """Which records are seen through a filter and the collection's rule; the same for all unless it `asks_me`."""

    asks_me: bool
    sees: Predicate


class Definition:
    """A collection's fields and its rule of who may view a record."""

    def __init__(self, document: Mapping[str, Any]):
        self.name: str = document["name"]
        self.rules_version: int = document["rules_version"]
        self.types = {**SYSTEM_FIELDS, **{field["name"]: FieldType(field["type"]) for field in document["fields"]}}
        self.view: str | None = document["rules"]["view"]
        self._view = self._view_sight()

    def sight(self, filter_text: str | None) -> Sight:
        """What is seen through the rule and this filter; RuleProblem with line and column where it is wrong."""
        if not filter_text:
            return self._view
        rule = parse(filter_text)
        passes, may_view = to_predicate(rule, self.types), self._view.sees
        return Sight(
            self._view.asks_me or _asks_me(rule),
            lambda record, me: passes(record, me) and may_view(record, me),
        )

    def shows_as(self, other: "Definition") -> bool:
        """Whether under the other definition everybody sees what they see under this one."""
        return self.types == other.types and self.view == other.view

    def _view_sight(self) -> Sight:
        if self.view is None:
            return Sight(True, _is_admin)
        try:
            rule = parse(self.view)
            return Sight(_asks_me(rule), to_predicate(rule, self.types))
        except RuleProblem as problem:  # data has checked it: better nobody sees than somebody wrong
            log.error("a rule can't be used, nobody sees the collection", collection=self.name, error=problem.detail)
            return Sight(False, _nobody)


class Definitions:
    """All collections, first as data gave them, then moved on by its events."""

    def __init__(self) -> None:
        self.is_known = False
        self._by_name: dict[str, Definition] = {}

    def replace(self, documents: list[Mapping[str, Any]]) -> set[str]:
        """Takes all definitions anew; the names of those that were there before or are now."""
        names = set(self._by_name)
        self._by_name = {document["name"]: Definition(document) for document in documents}
        self.is_known = True
        return names | set(self._by_name)

    def of(self, name: str) -> Definition:
        """The collection of that name; CollectionNotFound where there is none."""
        if name not in self._by_name:
            raise CollectionNotFound()
        return self._by_name[name]

    def find(self, name: str) -> Definition | None:
        return self._by_name.get(name)

    def apply(self, event: CollectionChanged) -> None:
        """Moves on by one event; one that is older than what data gave at the start changes nothing."""
        known = self._by_name.get(event.collection)
        if event.definition is None:
            self._by_name.pop(event.collection, None)
        elif known is None or event.change != "updated" or event.rules_version >= known.rules_version:
            self._by_name[event.collection] = Definition(event.definition)


def _asks_me(rule: Rule) -> bool:
    return any(isinstance(value, Me) for value in values_of(rule.root))


def _is_admin(_record: Record, me: Asker | None) -> bool:
    return me is not None and me.role == "admin"


def _nobody(_record: Record, _me: Asker | None) -> bool:
    return False
