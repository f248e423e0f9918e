"""What the containers cost: seconds to build, sizes, seconds from `up` to ready, memory and CPU of each at rest."""

import argparse
import json
import shutil
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psutil
import requests

from bench.figures import progress, show
from bench.rest import cpu_seconds, pss, shown
from demo.containers import said, service_of
from demo.project import TAG, Project
from demo.system import ROOT

CODE = {"shared (in all five)": ("shared/clock.py", ()), "data alone": ("services/data/app.py", ("data",))}
"""What is changed before a build, and which services are built then; none named: all."""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.ArgumentDefaultsHelpFormatter)
    parser.add_argument("--cold", action="store_true", help="build everything without the engine's cache first")
    parser.add_argument("--only", choices=["builds", "up"], help="leave out the rest")
    parser.add_argument("--settle", type=float, default=20, help="how long to wait before CPU is watched (at most 120)")
    parser.add_argument("--seconds", type=float, default=30, help="how long it is watched (at most 300)")
    choice = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="quintet-bench-") as folder:
        project = Project(Path(folder))
        if missing := project.missing_images():
            raise SystemExit(f"the engine neither has nor gets {', '.join(missing)}")
        project.build()
        if choice.only != "up":
            show("Building", ["what", "s"], [[what, f"{took:.1f}"] for what, took in builds(project, choice.cold)])
            show("Images", ["image", "MB", "of which the base image"], sizes(project))
        if choice.only != "builds":
            with brought_up(project):
                at_rest(project, min(choice.settle, 120), min(choice.seconds, 300))


def builds(project: Project, is_cold: bool) -> Iterator[tuple[str, float]]:
    """How long Compose builds, in a copy of the repository, of which some code is changed then."""
    with tempfile.TemporaryDirectory(prefix="quintet-copy-") as folder:
        copy = copied(Path(folder) / "quintet")
        if is_cold:
            yield "all seven images, nothing cached but the base images", timed(project, copy, "--no-cache")
        timed(project, copy)
        yield "all seven, nothing changed", timed(project, copy)
        for what, (name, services) in CODE.items():
            with (copy / name).open("a") as module:
                module.write(f"\n# changed at {time.time()}\n")
            yield f"after a change of {what}", timed(project, copy, *services)


def copied(folder: Path) -> Path:
    """The repository's files in another folder."""
    for name in said("git", "ls-files", "--cached", "--others", "--exclude-standard").splitlines():
        if (ROOT / name).is_file():
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(ROOT / name, folder / name)
    return folder


def timed(project: Project, folder: Path, *words: str) -> float:
    """Seconds that a build takes."""
    progress(f"building {' '.join(words)}")
    command, began = project.system.composed("build", *words), time.perf_counter()
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)
    if done.returncode:
        raise SystemExit(f"it did not build: {done.stderr[-2000:]}")
    return time.perf_counter() - began


def sizes(project: Project) -> list[list[object]]:
    """Each image's size, and what of it is in the image that it stands on."""
    tags = sorted({one for one in project.system.compose("config").split() if one.endswith(f":{TAG}")})
    told = {one["RepoTags"][0]: one for tag in tags for one in json.loads(said("docker", "image", "inspect", tag))}
    return [[name, f"{one['Size'] / 1e6:.0f}", f"{base_of(one) / 1e6:.0f}"] for name, one in told.items()]


def base_of(image: dict) -> int:
    """The size of the largest other image whose layers are the first of this one's."""
    layers, found = image["RootFS"]["Layers"], 0
    ids = {*said("docker", "images", "--quiet", "--filter", "dangling=false").split()}
    for other in json.loads(said("docker", "image", "inspect", *ids)):
        theirs = other["RootFS"]["Layers"]
        if len(theirs) < len(layers) and layers[: len(theirs)] == theirs:
            found = max(found, other["Size"])
    return found


@contextmanager
def brought_up(project: Project) -> Iterator[None]:
    """The containers, up inside; says how long that took."""
    began = time.perf_counter()
    try:
        project.start()
        while not answers(f"{project.system.url}/readyz"):
            time.sleep(0.1)
        ready = time.perf_counter() - began
        project.wait_until_well()
        well = time.perf_counter() - began
        print(f"\nup: {ready:.1f} s until every API is ready, {well:.1f} s until every container is healthy")
        yield
    finally:
        project.down()


def answers(url: str) -> bool:
    try:
        return requests.get(url, timeout=10).ok
    except requests.RequestException:
        return False


def at_rest(project: Project, settle: float, seconds: float) -> None:
    """Memory and CPU of each container's processes."""
    time.sleep(settle)
    running = [one for one in project.system.containers() if one["State"]["Running"]]
    pids = {service_of(one): family(one["State"]["Pid"]) for one in running}
    everyone = [pid for own in pids.values() for pid in own]
    before, began = cpu_seconds(everyone), time.perf_counter()
    time.sleep(seconds)
    used, passed = cpu_seconds(everyone), time.perf_counter() - began
    memory = {pid: pss(pid) for pid in everyone}
    rows = [
        [name, len(own), *shown(sum(map(memory.get, own)), sum(used[pid] - before[pid] for pid in own) / passed)]
        for name, own in sorted(pids.items())
    ]
    total = ["all", len(everyone), *shown(sum(memory.values()), sum(used[pid] - before[pid] for pid in used) / passed)]
    show("Containers at rest", ["container", "processes", "PSS MiB", "CPU %"], [*rows, total])


def family(pid: int) -> list[int]:
    """A process and its descendants."""
    return [pid, *(child.pid for child in psutil.Process(pid).children(recursive=True))]


if __name__ == "__main__":
    main()
