"""Scaling up and down and a rolling restart of containers under load: every request answered, every change told."""

import argparse
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

from bench.rolling_load import Load
from demo.containers import Containers
from demo.project import TAG, Project, tell
from demo.system import ROOT
from demo.waiting import DidNotHappen, eventually

HOLD_SECONDS = 5
PHASES = ("scale", "roll", "throughput")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.ArgumentDefaultsHelpFormatter)
    parser.add_argument("--phases", nargs="+", choices=PHASES, default=PHASES, help="what is done")
    parser.add_argument("--roll", nargs="+", default=["all"], metavar="SERVICE", help="what is rolled")
    parser.add_argument("--rate", type=float, default=5, help="requests a second of a client (at most 50)")
    parser.add_argument("--seconds", type=float, default=8, help="of each load of bench.throughput (at most 60)")
    parser.add_argument("--no-build", action="store_true", help="take the images as they are")
    parser.add_argument("--tag", default=TAG, help="of the images")
    choice = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="quintet-rolling-") as folder:
        project = Project(Path(folder), choice.tag)
        if not choice.no_build:
            project.build()
        try:
            project.up()
            is_good = {run(phase, project.system, choice) for phase in choice.phases} == {True}
        finally:
            project.down()
    if not is_good:
        sys.exit("a request failed or a change was missed")


def run(phase: str, system: Containers, choice: argparse.Namespace) -> bool:
    """One phase; whether nothing failed in it."""
    if phase == "throughput":
        return {throughput(system, count, choice.seconds) for count in (1, 2, 3)} == {True}
    steps = {"scale": lambda: scale_up_and_down(system), "roll": lambda: roll(system, choice.roll)}
    return under_load(system, phase, steps[phase], min(choice.rate, 50))


def under_load(system: Containers, phase: str, step: Callable[[], None], rate: float) -> bool:
    """Takes the step while clients ask; whether nothing failed."""
    load, began = Load(system, phase, rate), time.monotonic()
    load.begin()
    try:
        time.sleep(HOLD_SECONDS)
        step()
        time.sleep(HOLD_SECONDS)
    finally:
        tell(f"{phase}: {time.monotonic() - began:.0f} s under load")
        is_good = load.end()
    return is_good


def scale_up_and_down(system: Containers) -> None:
    """From one of each to several, and back to one."""
    for data, realtime, tasks in ((3, 2, 2), (1, 1, 1)):
        scale(system, {"data": data, "realtime": realtime, "mail-tasks": tasks})


def scale(system: Containers, counts: dict[str, int]) -> None:
    """So many containers of each, as an operator asks for them."""
    tell(f"scaling to {counts}")
    flags = [word for name, count in counts.items() for word in ("--scale", f"{name}={count}")]
    system.compose("up", "--detach", "--no-build", "--no-deps", *flags, *counts)
    eventually(system.is_whole, "all containers are well", within=180, every=1)
    time.sleep(HOLD_SECONDS)


def roll(system: Containers, names: list[str]) -> None:
    """The operator's own command, which shows how it goes."""
    words = ["roll", "--project", system.project, "--env-file", str(system.env_file), *names]
    done = subprocess.run([sys.executable, "-m", "quintet", *words], cwd=ROOT, check=False)
    if done.returncode:
        raise DidNotHappen(f"the roll ended with status {done.returncode}")


def throughput(system: Containers, count: int, seconds: float) -> bool:
    """bench.throughput with so many instances of data."""
    scale(system, {"data": count})
    with tempfile.NamedTemporaryFile("w") as password:
        password.write(system.admin_password)
        password.flush()
        where = ["--url", system.url, "--email", system.admin_email, "--password-file", password.name]
        words = ["-m", "bench.throughput", *where, "--seconds", f"{min(seconds, 60):g}", "--records", "2000"]
        return subprocess.run([sys.executable, *words], cwd=ROOT, check=False).returncode == 0


if __name__ == "__main__":
    main()
