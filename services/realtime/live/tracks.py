"""Where an instance stands in one source's events: in memory only, since what is missed can be read again."""

from collections.abc import Iterable, Iterator

from shared.bus.feed import FeedAnswer
from shared.bus.transport import Entry


class Track:
    """The numbers of one source that this instance has passed on, per partition; nothing before `begin`."""

    def __init__(self, source: str):
        self.source = source
        self.incarnation: str | None = None
        self.numbers: dict[int, int] = {}

    @property
    def is_begun(self) -> bool:
        return self.incarnation is not None

    @property
    def known(self) -> dict[int, tuple[str, int]]:
        """(incarnation, number) by partition."""
        return {partition: (self.incarnation or "", number) for partition, number in self.numbers.items()}

    def number(self, partition: int) -> int:
        """The last number of the partition that was passed on."""
        return self.numbers.get(partition, 0)

    def begin(self, answer: FeedAnswer) -> None:
        """Stands at the last numbers that the source has given."""
        self.incarnation, self.numbers = answer.incarnation, dict(answer.last)

    def forget(self) -> None:
        """Stands nowhere, as before `begin`."""
        self.incarnation, self.numbers = None, {}

    def adopt(self, answer: FeedAnswer) -> set[int]:
        """Goes on from where the source's answer counts; the partitions in which that does not join on to before."""
        broken = {
            partition
            for partition, number in answer.start.items()
            if not answer.is_known or number != self.number(partition)
        }
        self.incarnation, self.numbers = answer.incarnation, {**self.numbers, **answer.start}
        return broken

    def is_moved_by(self, answer: FeedAnswer) -> bool:
        """Whether the answer is of another incarnation, or begins after events that are gone."""
        return answer.incarnation != self.incarnation or any(
            number > self.number(partition) for partition, number in answer.start.items()
        )

    def is_ahead(self, entries: Iterable[Entry]) -> bool:
        """Whether some entry does not follow yet: something between is missing, or it is of another incarnation."""
        return any(
            entry.incarnation != self.incarnation or entry.number > self.number(entry.partition) for entry in entries
        )

    def following(self, entries: Iterable[Entry]) -> Iterator[Entry]:
        """The entries that follow without a gap, in order, each once; the track moves as they are taken."""
        for entry in sorted(entries, key=lambda entry: (entry.partition, entry.number)):
            if entry.incarnation == self.incarnation and entry.number == self.number(entry.partition) + 1:
                self.numbers[entry.partition] = entry.number
                yield entry
