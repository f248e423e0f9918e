"""The timeline of a trace, out of logs and rows."""

import http.server
import json
import threading
from types import SimpleNamespace

import pytest

from quintet import trace
from quintet.failing import Failed
from quintet.keys import Keys
from quintet.state import State

TRACE = "0af7651916cd43dd8448eb211c80319c"


@pytest.fixture
def service():
    """A service that knows one thing of every trace, and keeps the tokens that it was shown."""
    shown = []

    class Answers(http.server.BaseHTTPRequestHandler):
        def do_GET(self):
            shown.append(self.headers["Authorization"])
            entry = {"at": "2026-03-14T12:00:00.500Z", "what": "event announced", "detail": self.path.rsplit("/", 1)[1]}
            self.send_response(200)
            self.end_headers()
            self.wfile.write(json.dumps({"entries": [entry]}).encode())

        def log_message(self, *_):
            pass

    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Answers) as server:
        threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True).start()
        yield SimpleNamespace(url=f"http://127.0.0.1:{server.server_port}", shown=shown)
        server.shutdown()


@pytest.fixture
def state(tmp_path, service):
    state = State(tmp_path / "var")
    state.make_folders()
    key = Keys(state).service_keys["operator"]
    sources = {"data": service.url, "worker": "http://127.0.0.1:1"}
    state.path("settings", "operator.env").write_text(f"SERVICE_PRIVATE_KEY='{key}'\nSOURCES='{json.dumps(sources)}'\n")
    return state


def write_log(state: State, name: str, *lines: dict | str) -> None:
    text = "".join((line if isinstance(line, str) else json.dumps(line)) + "\n" for line in lines)
    state.path("log", name).write_text(text)


def test_logs_and_rows_are_merged_by_time_and_a_silent_service_is_named(state, service):
    here = {"trace_id": TRACE, "level": "info"}
    ended = {"at": "2026-03-14T12:00:00.700+00:00", "service": "gateway", "role": "gateway", "event": "request"}
    write_log(state, "gateway.log", here | ended | {"method": "PUT", "path": "/v1/x", "status": 200, "seconds": 0.6})
    write_log(
        state,
        "worker-tasks.log",
        "no JSON " + TRACE,
        here
        | {"at": "2026-03-14T12:00:01Z", "service": "worker", "role": "tasks", "event": "task begun", "attempt": 1},
        {"at": "2026-03-14T12:00:01Z", "event": "other", "trace_id": "f" * 32, "note": TRACE},
    )
    moments, silent = trace.timeline(state, TRACE)
    assert [(moment.where, moment.what, moment.detail) for moment in moments] == [
        ("gateway", "request", "PUT /v1/x -> 200 in 600 ms"),
        ("data rows", "event announced", TRACE),
        ("worker tasks", "task begun", "attempt=1"),
    ]
    assert silent == ["worker"]
    assert [token.split()[0] for token in service.shown] == ["Bearer"]
    assert next(trace.lines(moments)).startswith("   +0.000 s  gateway          request")
    assert list(trace.lines(moments))[2].startswith("   +0.900 s  worker tasks")


def test_lines_that_are_piped_in_count_as_those_in_the_folder_do(state):
    begun = {
        "at": "2026-03-14T12:00:01Z",
        "service": "worker",
        "role": "tasks",
        "event": "task begun",
        "trace_id": TRACE,
    }
    piped = [f"worker-tasks_1  | {json.dumps(begun)}\n", f"gateway_1  | no JSON {TRACE} {{\n", "gateway_1  | {}\n"]
    moments, _ = trace.timeline(state, TRACE, piped)
    assert [(moment.where, moment.what) for moment in moments if moment.where != "data rows"] == [
        ("worker tasks", "task begun")
    ]


@pytest.mark.parametrize("text", ["", "xyz", TRACE.upper(), TRACE + "0"])
def test_what_is_no_trace_id_is_refused(state, text):
    with pytest.raises(Failed, match="no trace id"):
        trace.timeline(state, text)


def test_a_folder_without_a_system_is_named(tmp_path):
    state = State(tmp_path / "elsewhere")
    with pytest.raises(Failed, match="no system"):
        trace.timeline(state, TRACE)
