"""Sign-ins per second through the gateway, next to what the bare Argon2id check costs on this machine."""

import json
import os
import sys
import threading
import time

from bench.connections import keep_asking, request
from bench.figures import p50_p99, progress, show
from bench.system import System, hint, options
from services.auth.hashing import hash_password, is_password


def main() -> None:
    parser = options(__doc__)
    parser.add_argument("--seconds", type=float, default=10, help="how long each load lasts (at most 120)")
    parser.add_argument("--connections", type=int, default=4, help="at most 64")
    choice = parser.parse_args()
    seconds, connections = min(choice.seconds, 120), min(choice.connections, 64)
    system = System(choice)
    body = json.dumps(system.credentials).encode()
    sign_in = request("POST", "/v1/auth/sessions", system.host, body=body)
    progress(f"sign-ins: {connections} connections for {seconds:g} s")
    keep_asking(system.address, lambda: sign_in, connections=connections, seconds=1)
    outcome = keep_asking(system.address, lambda: sign_in, connections=connections, seconds=seconds)
    progress(f"bare Argon2id: a thread for each core for {seconds:g} s")
    checks = bare_checks(os.cpu_count() or 1, seconds)
    report(system, outcome, checks, seconds)


def bare_checks(threads: int, seconds: float) -> list[float]:
    """The time of each check of a password, so many at once."""
    stored, times, until = hash_password("correct horse battery staple"), [], time.perf_counter() + seconds

    def check() -> None:
        while (began := time.perf_counter()) < until:
            is_password("correct horse battery staple", stored)
            times.append(time.perf_counter() - began)

    running = [threading.Thread(target=check) for _ in range(threads)]
    for thread in running:
        thread.start()
    for thread in running:
        thread.join()
    return times


def report(system: System, outcome, checks: list[float], seconds: float) -> None:
    created = 201
    table = [
        ["sign-in", f"{outcome.per_second:.1f}", *p50_p99(outcome.times), outcome.errors(created)],
        ["bare Argon2id check", f"{len(checks) / seconds:.1f}", *p50_p99(checks), 0],
    ]
    show(f"Sign-ins on {system.database}", ["load", "per second", "p50 ms", "p99 ms", "errors"], table)
    if outcome.errors(created):
        sys.exit(f"{dict(outcome.statuses)} {hint(outcome.statuses)}")


if __name__ == "__main__":
    main()
