"""Requests per second and p50/p99 through the gateway: read by id, a filtered and sorted page, create."""

import itertools
import json
import sys
from collections.abc import Callable
from urllib.parse import urlencode

from bench import bare
from bench.connections import Outcome, keep_asking, request
from bench.figures import p50_p99, progress, show
from bench.system import System, hint, options

FIELDS = [
    {"name": "title", "type": "text", "required": True},
    {"name": "category", "type": "text"},
    {"name": "score", "type": "integer", "indexed": True},
]
PAGE = {"filter": 'category = "c3" && score < 9000', "sort": "-score", "limit": 20}


def main() -> None:
    parser = options(__doc__)
    parser.add_argument("--seconds", type=float, default=10, help="how long each load lasts (at most 120)")
    parser.add_argument("--connections", type=int, default=16, help="at most 256")
    parser.add_argument("--records", type=int, default=10_000, help="in the collection (at most 100000)")
    choice = parser.parse_args()
    choice.seconds, choice.connections = min(choice.seconds, 120), min(choice.connections, 256)
    system = System(choice)
    with system.collection(FIELDS) as name, bare.running() as bare_address:
        system.import_rows(name, rows(min(choice.records, 100_000)))
        loads = loads_on(system, name) | {"bare Flask + Gunicorn, no gateway": (bare_address, bare_request, 200)}
        outcomes = {what: measure(what, *load[:2], choice) for what, load in loads.items()}
    report(system, choice, {what: (outcome, loads[what][2]) for what, outcome in outcomes.items()})


def rows(count: int):
    """The records as CSV; every tenth is of one category."""
    yield "title,category,score"
    for number in range(count):
        yield f"record {number},c{number % 10},{number * 7919 % count}"


def loads_on(system: System, name: str) -> dict[str, tuple]:
    """Each load: its words, the address, what makes the next request, the status that it should have."""
    path = f"/v1/data/collections/{name}/records"
    ids = [record["id"] for record in system.call("GET", f"{path}?limit=500")["items"]]
    next_id, next_number = itertools.cycle(ids).__next__, itertools.count().__next__

    def read() -> bytes:
        return request("GET", f"{path}/{next_id()}", system.host, token=system.token)

    page = request("GET", f"{path}?{urlencode(PAGE)}", system.host, token=system.token)

    def create() -> bytes:
        number = next_number()
        body = json.dumps({"title": f"new {number}", "category": "new", "score": number}).encode()
        return request("POST", path, system.host, token=system.token, body=body)

    return {
        "read by id": (system.address, read, 200),
        "filtered and sorted page of 20": (system.address, lambda: page, 200),
        "create": (system.address, create, 201),
    }


def bare_request() -> bytes:
    return request("GET", "/", "127.0.0.1")


def measure(what: str, address: tuple[str, int], next_request: Callable[[], bytes], choice) -> Outcome:
    progress(f"{what}: {choice.connections} connections for {choice.seconds:g} s")
    keep_asking(address, next_request, connections=choice.connections, seconds=min(2, choice.seconds))  # warm
    return keep_asking(address, next_request, connections=choice.connections, seconds=choice.seconds)


def report(system: System, choice, outcomes: dict[str, tuple[Outcome, int]]) -> None:
    table = [
        [what, f"{outcome.per_second:.0f}", *p50_p99(outcome.times), outcome.errors(expected)]
        for what, (outcome, expected) in outcomes.items()
    ]
    records = f"{choice.records} records, {choice.connections} connections"
    title = f"Through the gateway on {system.database}, {records}"
    show(title, ["load", "requests/s", "p50 ms", "p99 ms", "errors"], table)
    for what, (outcome, expected) in outcomes.items():
        if outcome.errors(expected):
            sys.exit(f"{what}: {dict(outcome.statuses)} {hint(outcome.statuses)}")


if __name__ == "__main__":
    main()
