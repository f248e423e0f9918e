"""Step 9: one trace, from the request to the socket."""

from demo.stage import Stage
from demo.waiting import DidNotHappen, eventually

STATIONS = (
    ("gateway", lambda line: " gateway " in line and "PUT " in line),
    ("data", lambda line: " data api " in line and "PUT " in line),
    ("event", lambda line: "event announced" in line and "data.file_stored" in line),
    ("command", lambda line: "command worker.perform queued" in line),
    ("task", lambda line: " worker tasks " in line),
    ("event", lambda line: "event announced" in line and "worker.variants_made" in line),
    ("socket", lambda line: " realtime api " in line and "delivered" in line),
)


def the_photograph_s_trace_is_shown(stage: Stage) -> None:
    """The timeline of step 5, with every station on it."""
    if not stage.system.is_operated:
        stage.tell("the timeline is the operator's to see; this system is in other hands")
        return
    trace_id = stage.traces["ada_uploads_a_photograph"]
    lines = eventually(lambda: whole_timeline(stage, trace_id), f"the trace {trace_id} passes every station")
    for line in lines:
        stage.tell(line)
    stage.tell("every station is there: " + ", ".join(name for name, _ in STATIONS))


def whole_timeline(stage: Stage, trace_id: str) -> list[str] | None:
    """The timeline's lines, once each station is among them; None also while a part is being started anew."""
    try:
        lines = stage.system.timeline(trace_id)
    except DidNotHappen:
        return None
    return lines if all(any(map(is_there, lines)) for _, is_there in STATIONS) else None
