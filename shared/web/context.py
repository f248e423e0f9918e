"""Around every request: its trace and request id, in and out, its access log line and its measure."""

import re
import time

from flask import Flask, Response, g, request

from shared import logs, trace
from shared.problems import Malformed
from shared.web.metrics import Measures

_REQUEST_ID = re.compile(r"[A-Za-z0-9._:-]{1,128}")
READ_AT_ONCE = 64 * 1024
_QUIET = {"/healthz", "/readyz", "/metrics", "/readyz/bus"}

log = logs.get("access")


def init_app(app: Flask, measures: Measures) -> None:
    """Has every request carry a trace, and leave a line and a measure."""
    app.before_request(_begin)
    app.before_request(_refuse_nul)
    app.after_request(_name_the_trace)
    app.after_request(_read_to_the_end)
    app.after_request(lambda response: _record(response, measures))
    app.teardown_request(_end)


def _begin() -> None:
    given = request.headers.get("X-Request-ID", "")
    step = trace.start(request.headers.get("traceparent"), request_id=given if _REQUEST_ID.fullmatch(given) else None)
    g.began, g.trace, g.trace_before = time.perf_counter(), step, trace.enter(step)


def _refuse_nul() -> None:
    if "\0" in request.path or b"%00" in request.query_string:
        raise Malformed("A URL can't hold the NUL character.")


def _name_the_trace(response: Response) -> Response:
    response.headers["X-Request-ID"] = g.trace.request_id
    response.headers["traceparent"] = g.trace.traceparent
    return response


def _read_to_the_end(response: Response) -> Response:
    """Takes what nobody read of the body, else Gunicorn hangs up where the gateway sends somebody's next request.

    Only where the server ends the stream with the body: elsewhere a read would wait for the next request.
    """
    if request.environ.get("wsgi.input_terminated"):
        while request.environ["wsgi.input"].read(READ_AT_ONCE):
            pass
    return response


def _record(response: Response, measures: Measures) -> Response:
    seconds = time.perf_counter() - g.began
    route = request.url_rule.rule if request.url_rule else "unmatched"  # the path itself may hold a mailed token
    measures.note(request.method, route, response.status_code, seconds)
    write = log.debug if route in _QUIET and response.status_code < 400 else log.info
    write(
        "request",
        method=request.method,
        route=route,
        status=response.status_code,
        duration_ms=round(seconds * 1000, 2),
        actor=trace.current().actor,
        parent_id=g.trace.parent_id,
    )
    return response


def _end(_error: BaseException | None) -> None:
    if "trace_before" in g:
        trace.enter(g.pop("trace_before"))
