"""Every error as problem+json: problems, HTTP's own, a database that does not answer, and what nobody foresaw."""

import orjson
from flask import Flask, Response
from werkzeug.exceptions import HTTPException

from shared import logs
from shared.database.errors import is_passing
from shared.problems import InternalError, Malformed, Problem, every_problem
from shared.web.errors import DatabaseUnavailable

log = logs.get("web")


def init_app(app: Flask) -> None:
    """Has every error of the app answered as a problem."""
    app.register_error_handler(Problem, render)
    app.register_error_handler(HTTPException, render_http)
    app.register_error_handler(Exception, render_unforeseen)


def render(problem: Problem) -> Response:
    """A problem as its response."""
    body = orjson.dumps(problem.to_dict(), default=str)
    return Response(body, problem.status, problem.headers, mimetype="application/problem+json")


def render_http(error: HTTPException) -> Response:
    """What Werkzeug raised (404, 405, 413, ...) as the problem of that status; redirects pass."""
    if error.response is not None or (error.code or 0) < 400:
        return error.get_response()
    kept = {name: value for name, value in error.get_headers() if name in ("Allow", "Retry-After", "Content-Range")}
    return render(_of_status(error.code)(headers=kept))


def render_unforeseen(error: Exception) -> Response:
    """Anything else: 503 when it passes by itself, else a 500 that tells the client nothing."""
    if is_passing(error):
        log.warning("database unavailable", error=type(error).__name__)
        return render(DatabaseUnavailable())
    log.error("request failed", exc_info=error)
    return render(InternalError())


def _of_status(status: int) -> type[Problem]:
    of_status = (problem for problem in every_problem() if problem.__module__ == "shared.problems")
    return next((one for one in of_status if one.status == status), InternalError if status >= 500 else Malformed)
