"""Plays the true story through the gateway: `make demo`.

Status 1, with the reason, where a step did not happen, whatever kept it from happening.
"""

import sys
import time

from demo.client import Refused
from demo.finding import find_or_start
from demo.settings import DemoSettings
from demo.stage import Stage, Watch
from demo.steps import STEPS
from demo.system import System, quintet
from demo.waiting import DidNotHappen


def main() -> int:
    """Starts the system where it is not up, plays, cleans up; the exit status."""
    settings, watch = DemoSettings(), Watch()
    try:
        system = find_or_start(settings)
    except Exception as reason:
        return fail("the system did not start", reason)
    say(f"Quintet at {system.url}" + (f", started in {watch.seconds:.1f} s" if system.is_ours else ", which was up"))
    try:
        return play(Stage(system, tell, may_flush=system.is_ours or settings.flush))
    finally:
        if system.is_ours and not settings.keep:
            stop(system)


def play(stage: Stage) -> int:
    """All steps and the clearing up; 1 where one of them did not happen."""
    status = 1
    try:
        status = play_steps(stage)
    finally:
        is_clear = clear(stage)
    if status == 0 and is_clear:
        say("Everything happened.")
    return status or int(not is_clear)


def clear(stage: Stage) -> bool:
    """Removes what the story made; whether that went well."""
    try:
        stage.clear()
    except Exception as reason:
        fail("what was made could not be removed", reason)
        return False
    say("\nWhat the story made is removed.")
    return True


def play_steps(stage: Stage) -> int:
    """Each step with its time and trace id; 1 at the first that did not happen."""
    for number, (title, step) in enumerate(STEPS, 1):
        watch = Watch()
        with stage.step(step.__name__) as trace_id:
            say(f"\n{number}. {title}")
            try:
                step(stage)
            except Exception as reason:
                return fail(f"step {number} did not happen (trace {trace_id})", reason)
        at = time.strftime("%H:%M:%S", time.localtime(watch.began))
        say(f"   began {at}, took {watch.seconds:.2f} s, trace {trace_id}")
    return 0


def stop(system: System) -> None:
    """Ends the system that was started for the story."""
    quintet(system.state, "down")
    say("The system that the story started is down again (KEEP=1 leaves it up).")


def tell(line: str) -> None:
    say(f"   {line}")


def say(line: str) -> None:
    print(line, flush=True)


def fail(what: str, reason: Exception) -> int:
    print(f"   {what}: {reason if isinstance(reason, DidNotHappen | Refused) else repr(reason)}", file=sys.stderr)
    return 1


if __name__ == "__main__":
    sys.exit(main())
