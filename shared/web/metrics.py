"""What the service measures of itself, for Prometheus at /metrics."""

from flask import Flask, Response
from prometheus_client import (
    CONTENT_TYPE_LATEST,
    GC_COLLECTOR,
    CollectorRegistry,
    Histogram,
    ProcessCollector,
    generate_latest,
)

_METHODS = {"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"}
_BUCKETS = (0.002, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10)


class Measures:
    """Requests by route rule, never by path: as many series as the service has routes."""

    def __init__(self, registry: CollectorRegistry):
        self.requests = Histogram(
            "http_request_duration_seconds",
            "Time to answer, by method, route and status",
            ["method", "route", "status"],
            buckets=_BUCKETS,
            registry=registry,
        )

    def note(self, method: str, route: str, status: int, seconds: float) -> None:
        """Counts a request that was answered."""
        self.requests.labels(method if method in _METHODS else "OTHER", route, str(status)).observe(seconds)


def init_app(app: Flask) -> Measures:
    """Adds GET /metrics; other plumbing registers its own in `app.extensions["metrics"]`."""
    registry = CollectorRegistry()
    ProcessCollector(registry=registry)
    registry.register(GC_COLLECTOR)
    app.extensions["metrics"] = registry

    @app.get("/metrics")
    def metrics() -> Response:
        return Response(generate_latest(registry), content_type=CONTENT_TYPE_LATEST)

    return Measures(registry)
