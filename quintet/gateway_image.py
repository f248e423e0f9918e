"""What the gateway's image holds: `python -m quintet.gateway_image FOLDER SERVICES` renders it when the image is built.

What an operator sets stays a `${NAME}` in policies/, which nginx's own entry point fills in when a container starts.
"""

import sys
from collections.abc import Iterable
from pathlib import Path

from quintet import gateway
from quintet.gateway import HOME, Gateway
from quintet.state import SERVICES

DOCKER_DNS = "127.0.0.11"
SETTABLE = ("public.conf", "limits.conf", "cors.conf", "uploads.conf", "listening.conf", "redirecting.conf")


def described(services: Iterable[str] = SERVICES) -> Gateway:
    """A gateway that finds the instances of each service by the service's name."""
    return Gateway(
        port=8080,
        host="0.0.0.0",  # noqa: S104 - a container's own address; compose publishes it
        instances={service: [f"{service}:8000"] for service in services},
        open_files=8192,
        resolver=DOCKER_DNS,
        run_folder="/tmp",  # noqa: S108 - a tmpfs, the only place that may be written
        scratch_folder="/tmp",  # noqa: S108
        settings_folder="conf.d/",
        rate_per_second="${RATE_PER_SECOND}",
        rate_burst="${RATE_BURST}",
        auth_rate_per_second="${AUTH_RATE_PER_SECOND}",
        auth_rate_burst=40,
        connections_per_client="${CONNECTIONS_PER_CLIENT}",
        max_body_bytes="${MAX_BODY_BYTES}",
        max_upload_bytes="${MAX_UPLOAD_BYTES}",
        public_url="${PUBLIC_URL}",
        origin_patterns=["(?:${CORS_PATTERN})"],
        real_ip_from="${REAL_IP_FROM}",
        proxy_networks="${PROXY_NETWORKS}",
        listening="${LISTENING}",
        tls_port=8443,
        http_port=8080,
        tls_folder="tls",
    )


def main(folder: Path, services: str) -> None:
    """Writes what goes to /etc/nginx of the image; the services by spaces."""
    gateway.render(described(services.split()), folder)
    (folder / "templates").mkdir()
    for name in SETTABLE:
        (folder / "policies" / name).rename(folder / "templates" / f"{name}.template")
    (folder / "public").mkdir()
    gateway.publish(folder / "public")
    (folder / "public/openapi.json").write_text((HOME / "openapi.json").read_text())
    for path in [folder, *folder.rglob("*")]:
        path.chmod(0o755 if path.is_dir() else 0o644)


if __name__ == "__main__":
    main(Path(sys.argv[1]), sys.argv[2])
