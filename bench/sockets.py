"""From write to socket: p50/p99 with many subscribers of a collection and a steady stream of writes, all delivered."""

import sys
import threading
import time

import requests

from bench.figures import p50_p99, percentile, progress, show
from bench.subscribers import Subscriber, read_until
from bench.system import System, options

FIELDS = [{"name": "mark", "type": "integer"}, {"name": "title", "type": "text"}]
GRACE_SECONDS = 15


def main() -> None:
    parser = options(__doc__)
    parser.add_argument("--subscribers", type=int, default=200, help="at most 900")
    parser.add_argument("--writes", type=float, default=20, help="a second (at most 200)")
    parser.add_argument("--seconds", type=float, default=15, help="how long is written (at most 120)")
    choice = parser.parse_args()
    system = System(choice)
    with system.collection(FIELDS) as name:
        subscribers = subscribe(system, name, min(choice.subscribers, 900))
        try:
            writer = Writer(system, name, min(choice.writes, 200), min(choice.seconds, 120))
            writer.start()
            progress(f"{writer.count} writes, {choice.writes:g} a second")
            everything = lambda: all(len(one.arrived) >= writer.count for one in subscribers)  # noqa: E731
            read_until(subscribers, everything, min(choice.seconds, 120) + GRACE_SECONDS)
            writer.join(GRACE_SECONDS)
        finally:
            for subscriber in subscribers:
                subscriber.close()
    report(system, writer, subscribers)


def subscribe(system: System, collection: str, count: int) -> list[Subscriber]:
    progress(f"opening {count} sockets")
    url = system.url.replace("http", "ws", 1)
    return [Subscriber(url, system.token, collection) for _ in range(count)]


class Writer(threading.Thread):
    """Creates records at a steady pace and notes when each request was sent and answered."""

    def __init__(self, system: System, collection: str, per_second: float, seconds: float):
        super().__init__(daemon=True)
        self.url = f"{system.url}/v1/data/collections/{collection}/records"
        self.pause, self.count = 1 / per_second, int(per_second * seconds)
        self.session = requests.Session()
        self.session.headers["Authorization"] = f"Bearer {system.token}"
        self.sent: dict[int, float] = {}
        self.answered: dict[int, float] = {}
        self.failed = 0

    def run(self) -> None:
        began = time.perf_counter()
        for number in range(self.count):
            time.sleep(max(0.0, began + number * self.pause - time.perf_counter()))
            self.sent[number] = time.perf_counter()
            answer = self.session.post(self.url, json={"mark": number, "title": f"write {number}"}, timeout=10)
            self.answered[number] = time.perf_counter()
            self.failed += answer.status_code != 201


def report(system: System, writer: Writer, subscribers: list[Subscriber]) -> None:
    times = sorted(at - writer.sent[mark] for one in subscribers for mark, at in one.arrived)
    answers = [writer.answered[mark] - writer.sent[mark] for mark in writer.answered]
    wanted = list(range(writer.count))
    whole = sum([mark for mark, _ in one.arrived] == wanted for one in subscribers)
    longest = f"{percentile(times, 1) * 1000:.1f}" if times else "-"
    table = [
        ["request sent to socket", *p50_p99(times), longest, f"{len(times)} of {len(subscribers) * writer.count}"],
        ["request sent to answer", *p50_p99(answers), "", f"{len(answers) - writer.failed} of {writer.count}"],
    ]
    show(f"Live updates on {system.database}", ["way", "p50 ms", "p99 ms", "longest ms", "arrived"], table)
    print(f"\n{whole} of {len(subscribers)} subscribers got every change once and in order.")
    if whole < len(subscribers) or writer.failed:
        sys.exit("not everything was delivered")


if __name__ == "__main__":
    main()
