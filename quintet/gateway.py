"""Renders the gateway's configuration from the templates in gateway/, and the pages that it serves."""

import grp
import importlib.util
import os
import pwd
import re
import shutil
import subprocess
from dataclasses import dataclass, field
from ipaddress import ip_network
from pathlib import Path

import jinja2

from quintet import files
from quintet.failing import Failed
from quintet.settings import OperatorSettings

HOME = Path(__file__).resolve().parent.parent / "gateway"

PROBLEMS = [  # what nginx itself answers, in the words of shared/problems.py where that knows the condition
    (400, "malformed", "Malformed", "The request could not be read."),
    (401, "unauthenticated", "Unauthenticated", "Who asks could not be established."),
    (403, "forbidden", "Forbidden", "This is not allowed for who asks."),
    (404, "not_found", "Not found", "There is nothing here, or nothing that may be seen."),
    (405, "method_not_allowed", "Method not allowed", "The resource does not know this method."),
    (408, "request_timeout", "Request timeout", "The request did not arrive in time."),
    (412, "precondition_failed", "Precondition failed", "The resource is no longer as the request's condition says."),
    (413, "too_large", "Too large", "The request's body is over the limit."),
    (414, "uri_too_long", "Uri too long", "The request's address is over the limit."),
    (416, "range_not_satisfiable", "Range not satisfiable", "The file has no such part."),
    (429, "too_many", "Too many", "Too many requests; the Retry-After header says when to come again."),
    (431, "headers_too_large", "Headers too large", "The request's headers are over the limit."),
    (500, "internal_error", "Internal error", "The server failed; the request id leads to what happened."),
    (501, "not_implemented", "Not implemented", "The request asks for what this server can't do."),
    (502, "bad_gateway", "Bad gateway", "The service behind this address does not answer."),
    (503, "unavailable", "Unavailable", "This can't be answered right now; the same request may succeed in a moment."),
    (504, "gateway_timeout", "Gateway timeout", "The service behind this address took too long."),
    (505, "http_version_not_supported", "Http version not supported", "Of HTTP this server speaks 1.0 to 2."),
]
FALLBACK = (0, "problem", "Problem", "Something went wrong.")
FIELDS = ("status", "code", "title", "detail")


@dataclass(frozen=True)
class Gateway:
    """All that the templates ask for."""

    port: int
    instances: dict[str, list[str]]
    """Service -> the host:port of each instance; with a `resolver`, one name that stands for all of them."""
    host: str = "127.0.0.1"
    user: str | None = None
    open_files: int = 1024
    resolver: str | None = None
    run_folder: str = "run"
    scratch_folder: str = "run/nginx"
    settings_folder: str = "policies/"
    """Where the policies lie that hold an operator's settings; the others are beside nginx.conf."""
    rate_per_second: int | str = 1000
    rate_burst: int | str | None = None
    """So many at once; twice the rate where it is not given."""
    auth_rate_per_second: int | str = 20
    auth_rate_burst: int | None = None
    connections_per_client: int | str = 1000
    max_body_bytes: int | str = 1024 * 1024
    max_upload_bytes: int | str = 20 * 1024 * 1024
    public_url: str = ""
    """Where clients reach it, and are sent who come without TLS."""
    origin_patterns: list[str] = field(default_factory=list)
    real_ip_from: str = ""
    proxy_networks: str = ""
    """Whose X-Forwarded-For and X-Forwarded-Proto is believed, in nginx's words: `trusting` makes both."""
    listening: str = "plain"
    """`tls` where it has a certificate of its own; which of listening/ and redirecting/ count."""
    tls_port: int | None = None
    """Where TLS is spoken, if not on `port`."""
    http_port: int | None = None
    """Beside TLS: where plain HTTP is answered, with the way to https."""
    tls_folder: str = "../../tls"
    challenges_folder: str = "challenges"


def described_by(settings: OperatorSettings, **more) -> Gateway:
    """The gateway that the operator's settings ask for."""
    same = ("rate_per_second", "auth_rate_per_second", "connections_per_client", "max_body_bytes")
    return Gateway(
        **{name: getattr(settings, name) for name in (*same, "max_upload_bytes")},
        host=settings.listen_host,
        http_port=settings.http_port,
        origin_patterns=[pattern(one) for one in _listed(settings.cors_origins)],
        **trusting(settings.trusted_proxies),
        **{"public_url": settings.public_url or "", **more},
    )


def render(gateway: Gateway, folder: Path) -> bool:
    """Writes the configuration below `folder`; False when it is what it was."""
    environment = jinja2.Environment(
        loader=jinja2.FileSystemLoader(HOME / "templates"),
        undefined=jinja2.StrictUndefined,
        autoescape=False,  # noqa: S701  (nginx's language, not HTML)
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
    problems = [dict(zip(FIELDS, problem, strict=True)) for problem in PROBLEMS]
    values = {**vars(gateway), "problems": problems, "fallback": dict(zip(FIELDS, FALLBACK, strict=True))}
    changed = False
    for name in environment.list_templates(extensions=["conf"]):
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        changed |= files.write(folder / name, environment.get_template(name).render(values))
    return changed


def check(nginx: Path, folder: Path, environment: dict[str, str]) -> None:
    """Fails with nginx's own words where it would not take the configuration below `folder`."""
    command = [str(nginx), "-t", "-q", "-p", f"{folder}/", "-c", "run/gateway/nginx.conf", "-e", "stderr"]
    done = subprocess.run(command, capture_output=True, text=True, env=environment, cwd=folder, check=False)
    if done.returncode:
        raise Failed(f"nginx refuses its configuration:\n{done.stderr.strip()}")


def publish(public: Path) -> None:
    """Puts the API page where nginx's workers can read it, beside the files of Scalar's wheel."""
    page = public / "docs"
    page.mkdir(exist_ok=True)
    for source in [*(HOME / "static" / "docs").iterdir(), *_scalar()]:
        target = page / ("scalar.js" if source.name == "scalar.standalone.js" else source.name)
        if not target.exists() or target.stat().st_mtime < source.stat().st_mtime:
            shutil.copyfile(source, target)


def worker_user(settings: OperatorSettings, folder: Path) -> str | None:
    """Whom nginx's workers run as: `user group` under root, who must be able to enter the state folder."""
    if os.geteuid() != 0:
        return None
    name = settings.nginx_user or ("nobody" if files.can_enter("nobody", folder / "public") else "root")
    if not files.can_enter(name, folder / "public"):
        raise Failed(f"NGINX_USER: {name} may not enter {folder}; choose another STATE=… or open the folders above it.")
    return f"{name} {grp.getgrgid(pwd.getpwnam(name).pw_gid).gr_name}"


def pattern(origin: str) -> str:
    """An allowed origin as a regular expression, `*` standing for any port or part of a name."""
    text = re.escape(origin).replace(r":\*", r"(:[0-9]+)?").replace(r"\*", r"[A-Za-z0-9.-]+")
    return ".+" if origin == "*" else text.replace('"', "")


def trusting(proxies: str) -> dict[str, str]:
    """What nginx is told of proxies, given by commas: whose word counts for a client's address, and for its scheme."""
    listed = _listed(proxies)
    try:
        for one in listed:
            ip_network(one)
    except ValueError as error:
        raise Failed(f"TRUSTED_PROXIES: {error}.") from None
    return {
        "real_ip_from": " ".join(f"set_real_ip_from {one};" for one in listed),
        "proxy_networks": " ".join(f"{one} 1;" for one in listed),
    }


def _listed(text: str) -> list[str]:
    return [one.strip() for one in text.split(",") if one.strip()]


def _scalar() -> list[Path]:
    spec = importlib.util.find_spec("flask_openapi3_scalar")
    if spec is None or spec.origin is None:
        raise Failed("The API page's files are not installed: run make setup.")
    return [Path(spec.origin).parent / "templates" / "scalar" / "js" / "scalar.standalone.js"]
