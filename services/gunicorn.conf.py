"""How Gunicorn serves each service's API, on one machine and in containers alike."""

import datetime as dt
import json
import logging
import subprocess
import sys

control_socket_disable = True  # its path would be one for all services of a user
keepalive = 75  # longer than the gateway keeps idle connections, so that the gateway is the one who hangs up
graceful_timeout = 10
timeout = 60
accesslog = None  # each service logs its own requests, with their trace


class JsonLines(logging.Formatter):
    """Gunicorn's own words in the shape of shared/logs.py, whose imports would cost each arbiter its memory."""

    def format(self, record: logging.LogRecord) -> str:
        at = dt.datetime.fromtimestamp(record.created, dt.UTC).isoformat().replace("+00:00", "Z")
        line = {"event": record.getMessage(), "logger": record.name, "level": record.levelname.lower(), "at": at}
        if record.exc_info:
            line["exception"] = self.formatException(record.exc_info)
        return json.dumps(line, ensure_ascii=False)


logconfig_dict = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {"json": {"()": JsonLines}},
    "handlers": {"lines": {"class": "logging.StreamHandler", "stream": "ext://sys.stdout", "formatter": "json"}},
    "root": {"level": "INFO", "handlers": []},  # the app sets its own
    "loggers": {"gunicorn.error": {"level": "INFO", "handlers": ["lines"], "propagate": False}},
}


def on_starting(server):
    """Ends the server before it opens its port when its service's settings are wrong: workers would die for ever.

    A process of its own looks, for the sake of the arbiter's memory.
    """
    module = server.app.app_uri.partition(":")[0].rpartition(".")[0] + ".settings"
    status = subprocess.run([sys.executable, "-m", "shared.settings", module], check=False).returncode  # noqa: S603
    if status:
        sys.exit(status)
