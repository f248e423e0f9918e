"""Builds the images, brings the containers up, plays all on them that applies, takes them down: `make compose-test`.

Everything is its own: project name, .env, ports, networks, volumes. Where no engine answers, or it does not get the
images of others that ours stand on, that is said, with status 0.
"""

import argparse
import secrets
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from demo.containers import Containers, compose_command
from demo.project import Project, tell
from demo.settings import DemoSettings
from demo.system import ROOT

PLAYED = ("tests/containers", "tests/e2e")
ENDED = 130
ENDS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
LONGEST_SECONDS = 2400


def main() -> int:
    """The exit status: pytest's, or 1 where the system did not come up."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--logs", type=Path, help="where the containers' last lines go when something failed")
    parser.epilog = "What else is given goes to pytest, instead of everything that is played else."
    choice, chosen = parser.parse_known_args()
    if compose_command() is None:
        return skip("no Docker engine answers, or Compose is missing")
    logs = choice.logs or Path(tempfile.gettempdir()) / f"quintet-compose-{time.strftime('%H%M%S')}.log"
    with told_to_end(), tempfile.TemporaryDirectory(prefix="quintet-compose-") as folder:
        try:
            project = Project(Path(folder))
            if missing := project.missing_images():
                return skip(f"the engine neither has nor gets {', '.join(missing)}")
            return run(project, chosen, logs)
        except KeyboardInterrupt:
            tell("ended before its time")
            return ENDED


def skip(reason: str) -> int:
    """Says clearly that nothing was shown; the status of success."""
    print(f"skipped: {reason}. Nothing was shown of the containers.")
    return 0


def run(project: Project, chosen: list[str], logs: Path) -> int:
    """Up, play, down, whatever happens in between."""
    began, status = time.monotonic(), 1
    try:
        project.build()
        project.up()
        tell(f"every container is well, {time.monotonic() - began:.0f} s after the beginning")
        status = play(project.system, chosen)
    except AssertionError as reason:
        tell(f"FAILED: {reason}")
    finally:
        try:
            if status:
                project.keep_logs(logs)
                tell(f"what the containers said last is in {logs}")
        finally:
            for number in ENDS:
                signal.signal(number, signal.SIG_IGN)  # the taking down is not interrupted; what it starts inherits it
            project.down()
    tell(f"all in all {time.monotonic() - began:.0f} s")
    return status


def play(system: Containers, chosen: list[str]) -> int:
    """Runs the tests against the system; their status."""
    seed = DemoSettings().e2e_seed or secrets.randbelow(2**31)
    tell(f"playing on it; E2E_SEED={seed} kills the same containers again")
    given = [f"E2E_PROJECT={system.project}", f"E2E_ENV_FILE={system.env_file}", f"E2E_SEED={seed}"]
    pytest = [sys.executable, "-m", "pytest", "-q", "-rs", "-m", "containers or e2e", *(chosen or PLAYED)]
    pytest += [f"--session-timeout={LONGEST_SECONDS}"]
    with subprocess.Popen(["env", *given, *pytest], cwd=ROOT, start_new_session=True) as tests:
        try:
            return tests.wait()
        finally:
            if tests.poll() is None:  # interrupted: it may tidy up, but not for long
                tests.send_signal(signal.SIGINT)
                try:
                    tests.wait(60)
                except subprocess.TimeoutExpired:
                    tests.kill()


@contextmanager
def told_to_end() -> Iterator[None]:
    """Inside, the first word to end is taken as an interruption, and further ones do not disturb the taking down."""

    def interrupt(*_: object) -> None:
        for number in ENDS:
            signal.signal(number, signal.SIG_IGN)
        raise KeyboardInterrupt

    before = {number: signal.signal(number, interrupt) for number in ENDS}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


if __name__ == "__main__":
    sys.exit(main())
