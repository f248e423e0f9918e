"""What the system costs at rest: processes, memory (PSS), CPU; with --up also how long `make up` takes."""

import argparse
import os
import subprocess
import tempfile
import time
from contextlib import nullcontext
from pathlib import Path

import psutil

from bench.figures import progress, show

ROOT = Path(__file__).resolve().parent.parent
TICKS = os.sysconf("SC_CLK_TCK")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.ArgumentDefaultsHelpFormatter)
    parser.add_argument("--state", type=Path, default=Path("var"), help="the state folder of `make up`")
    parser.add_argument("--seconds", type=float, default=30, help="how long CPU is watched (at most 300)")
    parser.add_argument("--settle", type=float, default=10, help="how long to wait before that (at most 120)")
    parser.add_argument("--up", action="store_true", help="start a system of its own, timed, and end it afterwards")
    parser.add_argument("--database", choices=["sqlite", "postgres"], default="sqlite", help="of that system")
    choice = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="quintet-", dir=ROOT) if choice.up else nullcontext(choice.state) as folder:
        try:
            started = start(folder, choice.database) if choice.up else None
            report(Path(folder).resolve(), started, min(choice.seconds, 300), min(choice.settle, 120))
        finally:
            if choice.up:
                make("down", folder)


def start(folder: str, database: str) -> float:
    """Seconds that `make up` takes on ports of its own."""
    Path(folder).chmod(0o711)
    progress(f"make up DATABASE={database}")
    began = time.perf_counter()
    make("up", folder, f"DATABASE={database}", "PORT=0", "MAIL_PORT=0")
    return time.perf_counter() - began


def make(target: str, folder: str, *choices: str) -> None:
    command = ["make", "--silent", target, f"STATE={folder}", *choices]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=600)
    if done.returncode:
        raise SystemExit(f"{' '.join(command)} failed: {done.stdout[-2000:]}{done.stderr[-2000:]}")


def report(folder: Path, started: float | None, seconds: float, settle: float) -> None:
    pids = processes_of(folder)
    if not pids:
        raise SystemExit(f"no process belongs to {folder}: is the system up?")
    progress(f"{len(pids)} processes; watching their CPU for {seconds:g} s after {settle:g} s")
    time.sleep(settle)
    before, began = cpu_seconds(pids), time.perf_counter()
    time.sleep(seconds)
    used = {pid: spent - before[pid] for pid, spent in cpu_seconds(pids).items()}
    passed, memory = time.perf_counter() - began, {pid: pss(pid) for pid in pids}
    table = [[pid, name(pid), *shown(memory[pid], used[pid] / passed)] for pid in sorted(pids, key=memory.get)[::-1]]
    total = ["all", f"{len(pids)} processes", *shown(sum(memory.values()), sum(used.values()) / passed)]
    show("At rest", ["pid", "process", "PSS MiB", "CPU %"], [*table, total])
    if started is not None:
        print(f"\nmake up: {started:.1f} s to ready")


def shown(memory: int, cpu: float) -> tuple[str, str]:
    return f"{memory / 2**20:.1f}", f"{cpu * 100:.2f}"


def processes_of(folder: Path) -> list[int]:
    """The system's supervisor and all that descends from it."""
    try:
        supervisor = psutil.Process(int((folder / "run/supervisord.pid").read_text()))
        return [supervisor.pid, *(child.pid for child in supervisor.children(recursive=True))]
    except (OSError, psutil.NoSuchProcess):
        return []


def cpu_seconds(pids: list[int]) -> dict[int, float]:
    """User and system time that each process has used."""
    fields = {pid: Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split() for pid in pids}
    return {pid: (int(values[11]) + int(values[12])) / TICKS for pid, values in fields.items()}


def pss(pid: int) -> int:
    """Proportional memory in bytes: what is shared counts in parts."""
    for line in Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines():
        if line.startswith("Pss:"):
            return int(line.split()[1]) * 1024
    return 0


def name(pid: int) -> str:
    words = Path(f"/proc/{pid}/cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace").split()
    return " ".join(word.rsplit("/", 1)[-1] for word in words)[:70].replace("|", "")


if __name__ == "__main__":
    main()
