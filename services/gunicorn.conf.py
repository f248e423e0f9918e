"""How Gunicorn serves each service's API, on one machine and in containers alike."""

import datetime as dt
import importlib.util
import json
import logging
import os
import select
import subprocess
import sys
import time
from contextlib import suppress
from http import HTTPStatus
from types import SimpleNamespace

from gunicorn import util

from shared import draining

DRAIN_SECONDS = float(os.environ.get("DRAIN_SECONDS", "0"))  # noqa: TID251 - the settings' imports cost an arbiter memory
"""How long an instance that is told to end goes on; where nobody balances over several, there is no need to."""

control_socket_disable = True  # its path would be one for all services of a user
keepalive = 75  # longer than the gateway keeps idle connections, so that the gateway is the one who hangs up
graceful_timeout = 10
timeout = 60
secure_scheme_headers = {"X-FORWARDED-PROTO": "https"}  # what the gateway sets; others are a client's
limit_request_line = 0  # how long an address and its headers may be is the gateway's to say
limit_request_fields = 1000
limit_request_field_size = 64 * 1024
accesslog = None  # each service logs its own requests, with their trace


class JsonLines(logging.Formatter):
    """Gunicorn's own words in the shape of shared/logs.py, whose imports would cost each arbiter its memory."""

    def format(self, record: logging.LogRecord) -> str:
        at = dt.datetime.fromtimestamp(record.created, dt.UTC).isoformat().replace("+00:00", "Z")
        line = {"event": record.getMessage(), "logger": record.name, "level": record.levelname.lower(), "at": at}
        if record.exc_info:
            line["exception"] = self.formatException(record.exc_info)
        return json.dumps(line, ensure_ascii=False)


REFUSALS = {
    400: ("malformed", "The request could not be read."),
    414: ("uri_too_long", "The request's address is over the limit."),
    431: ("headers_too_large", "The request's headers are over the limit."),
    500: ("internal_error", "The server failed."),
}


def write_problem(client, status: int, reason: str, _message: str) -> None:
    """What Gunicorn refuses before an app sees it is answered as every other error is, in the gateway's words."""
    code, detail = REFUSALS.get(status, (HTTPStatus(status).name.lower(), f"{reason}."))
    title, type_ = code.replace("_", " ").capitalize(), f"/problems/{code.replace('_', '-')}"
    document = {"type": type_, "title": title, "status": status, "detail": detail, "code": code}
    body = json.dumps(document).encode()
    head = f"HTTP/1.1 {status} {reason}\r\nConnection: close\r\nContent-Type: application/problem+json\r\n"
    util.write_nonblock(client, f"{head}Content-Length: {len(body)}\r\n\r\n".encode("latin1") + body)


util.write_error = write_problem  # Gunicorn has no setting for it


logconfig_dict = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {"json": {"()": JsonLines}},
    "handlers": {"lines": {"class": "logging.StreamHandler", "stream": "ext://sys.stdout", "formatter": "json"}},
    "root": {"level": "INFO", "handlers": []},  # the app sets its own
    "loggers": {"gunicorn.error": {"level": "INFO", "handlers": ["lines"], "propagate": False}},
}


def on_starting(server):
    """Looks at the settings, and has SIGTERM drain before it ends."""
    _refuse_wrong_settings(server)
    server.handle_term = lambda: _drain(server)


def _drain(server):
    """Says not ready for a while and closes each connection with its answer, so that whoever balances turns away."""
    draining.begin()
    if DRAIN_SECONDS:
        server.log.info("Draining for %s s", DRAIN_SECONDS)
        time.sleep(DRAIN_SECONDS)
    raise StopIteration  # as Gunicorn's own handler does


def post_worker_init(worker):
    """Has a worker that ends serve who has connected already, and close its port at once.

    One of threads would leave it open, and nobody accept; one of gevent would hang up on who waits in the kernel.
    """
    if hasattr(worker, "set_accept_enabled"):
        enable = worker.set_accept_enabled
        worker.set_accept_enabled = lambda is_enabled: (enable(is_enabled), worker.alive or _close_ports(worker))
    elif "gunicorn.workers.ggevent" in sys.modules:
        _have_gevent_accept_before_it_closes(worker, sys.modules["gunicorn.workers.ggevent"])


def _close_ports(worker):
    for listener in worker.sockets:
        while select.select([listener], [], [], 0)[0]:  # who has come already is served
            worker.accept(listener)
        listener.close()


def _have_gevent_accept_before_it_closes(worker, module):
    """Takes in whom the kernel has connected, whose requests may be under way.

    They begin when the port is closed, and Gunicorn asks a port for its name then.
    """
    handle, names = worker.handle, {port: port.getsockname() for port in worker.sockets}

    class Server(module.StreamServer):
        def close(self):
            with suppress(OSError):  # too many open files: who is left is hung up on
                while not (self.closed or self.full()) and (come := self.do_read()):
                    self.do_handle(*come)
            super().close()

    worker.handle = lambda port, *come: handle(SimpleNamespace(getsockname=lambda: names[port]), *come)
    module.StreamServer = Server


def pre_request(_worker, request):
    """A connection that is kept would be sent a request in the moment in which it is closed."""
    if draining.has_begun():
        request.force_close()


def _refuse_wrong_settings(server):
    """Ends the server before it opens its port when its service's settings are wrong: workers would die for ever.

    A process of its own looks, for the sake of the arbiter's memory.
    """
    app = server.app.app_uri.partition(":")[0]
    settings = app.rpartition(".")[0] + ".settings"
    module = settings if importlib.util.find_spec(settings) else app  # a small service has them in its app.py
    status = subprocess.run([sys.executable, "-m", "shared.settings", module], check=False).returncode  # noqa: S603
    if status:
        sys.exit(status)
