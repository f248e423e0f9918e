"""The story that `make demo` plays, as a scenario."""

from demo.stage import Stage
from demo.steps import STEPS


def test_the_story_happens(system):
    stage = Stage(system, print, may_flush=system.is_ours)
    try:
        for title, step in STEPS:
            with stage.step(step.__name__) as trace_id:
                print(f"{title} (trace {trace_id})")
                step(stage)
    finally:
        stage.clear()
