"""docker-compose.yml, written from its template for every service of the repository: `make contracts` keeps it in step.

What a service is in containers follows from what it is in its folder: with tasks it has a container for them.
"""

import json
import sys

from jinja2 import Environment, FileSystemLoader, StrictUndefined

from quintet.environment import FILERS, SEALERS
from quintet.processes import QUEUES, SOCKET_SERVICES
from quintet.state import ROOT, SERVICES

TEMPLATE = ROOT / "deploy/compose/docker-compose.yml.j2"
SENDERS = {"mail"}  # whose tasks must reach servers outside
KINDS = {True: ["gevent", "--worker-connections", "10000"], False: ["gthread", "--threads", "8"]}


def rendered(services: tuple[str, ...] = SERVICES) -> str:
    """The whole file."""
    loader = FileSystemLoader(TEMPLATE.parent)
    environment = Environment(loader=loader, trim_blocks=True, undefined=StrictUndefined, keep_trailing_newline=True)  # noqa: S701 - YAML
    sources = {name: f"http://{name}:8000" for name in services}
    return environment.get_template(TEMPLATE.name).render(
        services=services,
        queues=QUEUES,
        sealers=SEALERS,
        filers=FILERS,
        senders=SENDERS,
        sources=json.dumps(sources, separators=(",", ":")),
        worker_class=lambda name: json.dumps(KINDS[name in SOCKET_SERVICES])[1:-1],
    )


if __name__ == "__main__":
    sys.stdout.write(rendered())
