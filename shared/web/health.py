"""/healthz: the process answers. /readyz: so does everything that it needs, each by name and within a time."""

from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor, wait

from flask import Flask, jsonify

from shared import draining, logs
from shared.web.errors import NotReady

TIMEOUT_SECONDS = 2.0

log = logs.get("health")


def init_app(app: Flask) -> None:
    """Adds both routes; a check is a callable in `app.extensions["ready_checks"]` that raises when it fails."""
    checks = app.extensions.setdefault("ready_checks", {})
    pool = ThreadPoolExecutor(4, thread_name_prefix="ready")

    @app.get("/healthz")
    def healthz():
        return jsonify(status="ok")

    @app.get("/readyz")
    def readyz():
        if draining.has_begun():
            raise NotReady(checks={"draining": "this instance is about to end"})
        results = run_checks(checks, pool, TIMEOUT_SECONDS)
        if any(result != "ok" for result in results.values()):
            raise NotReady(checks=results)
        return jsonify(status="ready", checks=results)


def run_checks(checks: dict[str, Callable[[], object]], pool: ThreadPoolExecutor, within: float) -> dict[str, str]:
    """By name: `ok`, `failed` or `timed out`; all are asked at the same time."""
    asked = {name: pool.submit(check) for name, check in checks.items()}
    wait(asked.values(), timeout=within)
    return {name: _result(name, answer) for name, answer in asked.items()}


def _result(name: str, answer: Future) -> str:
    if not answer.done():
        answer.cancel()
        return "timed out"
    error = answer.exception()
    if error is None:
        return "ok"
    log.warning("not ready", check=name, error=type(error).__name__)
    return "failed"
