"""The feed as it travels: a source's answer to a consumer that has missed something, and who asks for it."""

from dataclasses import dataclass, field
from datetime import datetime

import orjson
import requests

from shared import progress
from shared.bus.transport import Entry

LIMIT = 2_000
TIMEOUT = (2, 10)
LINEAGE = 256
"""So many incarnations a consumer remembers of a source, to find what they have in common after a restore."""


class FeedDown(Exception):
    """The source does not answer; its events wait in its outbox."""


@dataclass(frozen=True, slots=True)
class Range:
    """Which of a source's events are wanted again: of these types (one or more), from `since` until `until`."""

    types: tuple[str, ...]
    since: datetime | None
    until: datetime | None


@dataclass(frozen=True, slots=True)
class FeedAnswer:
    """A source's answer: from which numbers on it counts for the asker, the rows after them, the last numbers given."""

    incarnation: str
    start: dict[int, int]
    last: dict[int, int]
    entries: list[Entry]
    reached: dict[int, int] = field(default_factory=dict)
    """In the answer about a range: up to which number each partition was looked through."""
    is_known: bool = True
    """Whether the source knows the incarnation that was asked with; else the asker must go back to an earlier one."""
    gone: dict[int, int] = field(default_factory=dict)
    """How many events the asker can never get any more, in the partitions where it was too late."""
    lineage: list[tuple[str, dict[int, int]]] = field(default_factory=list)
    """The incarnations since the one asked with, each with the numbers it began at."""


class FeedClient:
    """Asks sources for what was missed, over HTTP with the service's own token.

    `token_for(source)` gives the Authorization token for a source.
    """

    def __init__(self, addresses: dict[str, str], token_for):
        self.addresses, self.token_for = addresses, token_for
        self._http = requests.Session()
        self._http.trust_env = False

    def ask(
        self,
        source: str,
        *,
        consumer: str | None,
        incarnation: str | None,
        numbers: dict[int, int],
        limit: int = LIMIT,
    ) -> FeedAnswer:
        """The rows after `numbers`; with a consumer's name the question counts as its report. Raises FeedDown."""
        return self._ask(source, incarnation, numbers, {"limit": limit} | ({"consumer": consumer} if consumer else {}))

    def ask_range(
        self, source: str, wanted: Range, *, incarnation: str, numbers: dict[int, int], limit: int = LIMIT
    ) -> FeedAnswer:
        """What of a range lies after `numbers`, in these partitions only; reports nothing. Raises FeedDown."""
        question = {"limit": limit, "types": wanted.types}
        question |= {"since": wanted.since.isoformat()} if wanted.since else {}
        question |= {"until": wanted.until.isoformat()} if wanted.until else {}
        return self._ask(source, incarnation, numbers, question)

    def _ask(self, source: str, incarnation: str | None, numbers: dict[int, int], question: dict) -> FeedAnswer:
        question |= {f"after.{p}": n for p, n in numbers.items()}
        question |= {"incarnation": incarnation} if incarnation else {}
        try:
            answer = self._http.get(
                f"{self.addresses[source]}/internal/events",
                params=question,
                headers={"Authorization": f"Bearer {self.token_for(source)}"},
                timeout=TIMEOUT,
            )
            answer.raise_for_status()
            return _read_answer(source, orjson.loads(answer.content))
        except (requests.RequestException, KeyError, ValueError) as error:
            raise FeedDown(f"{source}: {error}") from error
        finally:
            progress.moved()  # several silent sources in one step are no hanging loop


def _read_answer(source: str, document: dict) -> FeedAnswer:
    incarnation = document["incarnation"]
    return FeedAnswer(
        incarnation,
        _numbers(document["start"]),
        _numbers(document["last"]),
        [Entry(source, incarnation, *row) for row in document["entries"]],
        _numbers(document["reached"]),
        document["is_known"],
        _numbers(document["gone"]),
        [(name, _numbers(bases)) for name, bases in document["lineage"]],
    )


def _numbers(document: dict[str, int]) -> dict[int, int]:
    return {int(partition): number for partition, number in document.items()}


def answer_document(answer: FeedAnswer) -> dict:
    """The answer as JSON: entries are [partition, number, type, envelope text]."""
    return {
        "incarnation": answer.incarnation,
        "start": _texts(answer.start),
        "last": _texts(answer.last),
        "entries": [[e.partition, e.number, e.type, e.envelope] for e in answer.entries],
        "reached": _texts(answer.reached),
        "is_known": answer.is_known,
        "gone": _texts(answer.gone),
        "lineage": [[name, _texts(bases)] for name, bases in answer.lineage],
    }


def _texts(numbers: dict[int, int]) -> dict[str, int]:
    return {str(partition): number for partition, number in numbers.items()}
