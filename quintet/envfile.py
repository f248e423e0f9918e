"""`quintet env`: the file .env that docker-compose.yml needs, its secrets generated, none ever defaulted."""

import hashlib
import json
import re
import secrets
from collections.abc import Callable
from pathlib import Path

from dotenv import dotenv_values

from quintet import certificates, files, gateway
from quintet.failing import Failed
from quintet.keys import fresh_secrets, public_half
from quintet.settings import ContainerSettings, of_containers
from quintet.state import ROOT, SERVICES

CATCHER = "mail-catcher"
TLS_FILE = "docker-compose.tls.yml"
USUAL_FILES = ("docker-compose.yml", "docker-compose.override.yml")
"""What Compose reads where it is not told: the second where it is there."""
HEAD = """\
# Settings and secrets of the containers, made by `make env`. Keep it: with it alone the databases can be read again.
# A value that stands here stays; a line that is taken out is made anew by the next `make env`.
"""


def write(file: Path, given: dict[str, str] | None = None, say: Callable[[str], None] = str) -> list[str]:
    """Writes what is missing in the file and keeps what is there; the names that were added.

    What may be chosen and is not in the file is taken from what is given, else from the environment. It says what else
    was done that an operator wants to know.
    """
    if not file.absolute().parent.is_dir():
        raise Failed(f"There is no folder {file.parent}.")
    known = _known(file)
    settings = of_containers({**(given or {}), **known})
    made = {**choices(settings), **_secrets(known)}
    merged = {**made, **known, **_derived({**made, **known})}
    merged |= _compose_files(file.parent, merged) | _tls_folder(file.absolute().parent, merged)
    whole = text(merged)
    if _lay_certificate(file.parent / "tls", merged):
        say("A new certificate lies in tls/; a gateway that runs takes it in by `docker-compose kill -s HUP gateway`.")
    _open_what_is_mounted(file.absolute().parent, settings)
    files.write(file, whole)
    return [name for name in merged if name not in known]


def _known(file: Path) -> dict[str, str]:
    """What stands in the file; a line left empty that Compose refuses to have empty counts as one that is not there."""
    lines = dotenv_values(file, interpolate=False)
    needed = re.findall(r"\$\{(\w+):\?", (ROOT / USUAL_FILES[0]).read_text())
    return {name: value for name, value in lines.items() if value or (value is not None and name not in needed)}


def _open_what_is_mounted(folder: Path, settings: ContainerSettings) -> None:
    """What containers read here, whose users are others; and where archives and keys go, for you alone."""
    files.let_all_read(ROOT / "deploy/compose/databases.sh")
    for own in (folder / settings.backup_folder, folder / settings.outside_keys_folder):
        if own.parent.is_dir():
            own.mkdir(mode=0o700, exist_ok=True)  # or the engine would make one that is root's


def text(values: dict[str, str]) -> str:
    """The whole file."""
    return HEAD + "".join(f"{name}={_quoted(name, value)}\n" for name, value in values.items())


def choices(settings: ContainerSettings) -> dict[str, str]:
    """What an operator may want to change: what is always written, and what else the environment gives."""
    written = _always(settings)
    known = {name.lower() for name in defaulted()}
    given = [name for name in type(settings).model_fields if name in settings.model_fields_set & known]
    values = {name.upper(): getattr(settings, name) for name in given}
    return written | {name: str(value) for name, value in values.items() if name not in written and value is not None}


def defaulted() -> dict[str, str]:
    """What Compose's files take from .env, with what they take where it is not there."""
    found = "".join((ROOT / name).read_text() for name in (USUAL_FILES[0], TLS_FILE))
    return dict(re.findall(r"\$\{(\w+)(?::-([^}]*)|:\?[^}]*)?\}", found))


def _always(settings: ContainerSettings) -> dict[str, str]:
    has_smtp = settings.smtp_host not in (None, CATCHER)
    mail = {
        "SMTP_HOST": settings.smtp_host or CATCHER,
        "SMTP_PORT": str(settings.smtp_port if has_smtp else 1025),
        "SMTP_SECURITY": settings.smtp_security if has_smtp else "none",
        "SMTP_USERNAME": settings.smtp_username,
        "SMTP_PASSWORD": settings.smtp_password,
        "MAIL_FROM": settings.mail_from,
    }
    return {
        "COMPOSE_PROJECT_NAME": settings.compose_project_name,
        "COMPOSE_PROFILES": settings.compose_profiles or ("" if has_smtp else "dev"),
        "GATEWAY_ADDRESS": settings.gateway_address,
        "GATEWAY_TLS_ADDRESS": settings.gateway_tls_address,
        "PUBLIC_URL": (settings.public_url or _here(settings)).rstrip("/"),
        "TLS_CERTIFICATE": _path(settings.tls_certificate),
        "TLS_KEY": _path(settings.tls_key),
        "TRUSTED_PROXIES": settings.trusted_proxies,
        "ADMIN_EMAIL": settings.admin_email,
        "CORS_ORIGINS": settings.cors_origins,
        "LOG_LEVEL": settings.log_level,
        **mail,
    }


def _here(settings: ContainerSettings) -> str:
    """Where the gateway is published, as this machine sees it."""
    scheme, address = (
        ("https", settings.gateway_tls_address) if settings.tls_certificate else ("http", settings.gateway_address)
    )
    host, _, port = address.rpartition(":")
    return f"{scheme}://{'127.0.0.1' if host in ('', '0.0.0.0', '[::]') else host}:{port}"  # noqa: S104 - looked at


def generated() -> list[str]:
    """The names of what is made and derived, not chosen."""
    made = _secrets({})
    return [*made, *_derived({**choices(ContainerSettings.model_construct()), **made})]


def _secrets(known: dict[str, str]) -> dict[str, str]:
    made = fresh_secrets()
    values = {
        "ADMIN_PASSWORD": secrets.token_urlsafe(15),
        "POSTGRES_PASSWORD": made["postgres_password"],
        "SIGNING_KEYS_SECRET": made["signing_keys_secret"],
        "EVENT_SEAL_KEYS": json.dumps(made["event_seal_keys"]),
    }
    for service in SERVICES:
        values[f"{service.upper()}_DATABASE_PASSWORD"] = made["database_passwords"][service]
        values[f"{service.upper()}_REDIS_PASSWORD"] = secrets.token_urlsafe(24)
    for signer, key in made["service_keys"].items():
        values[f"{signer.upper()}_SERVICE_KEY"] = key
    return {name: value for name, value in values.items() if name not in known}


def _derived(values: dict[str, str]) -> dict[str, str]:
    """What follows from the others and is written anew each time."""
    keys = {name: values[f"{name.upper()}_SERVICE_KEY"] for name in (*SERVICES, "operator")}
    origins = [one.strip() for one in values["CORS_ORIGINS"].split(",") if one.strip()]
    passwords = {f"{service.upper()}_REDIS": values[f"{service.upper()}_REDIS_PASSWORD"] for service in SERVICES}
    hashes = {f"{name}_HASH": hashlib.sha256(one.encode()).hexdigest() for name, one in passwords.items()}
    return {
        "SERVICE_PUBLIC_KEYS": json.dumps({name: public_half(key) for name, key in keys.items()}),
        "CORS_PATTERN": "|".join(f"(?:{gateway.pattern(origin)})" for origin in origins) or "(?!)",
        **{name.upper(): line for name, line in gateway.trusting(values["TRUSTED_PROXIES"]).items()},
        **hashes,
    }


def _compose_files(folder: Path, values: dict[str, str]) -> dict[str, str]:
    """Which files Compose reads: those that were, TLS's after the first; not said where it reads them anyway."""
    usual = [name for name in USUAL_FILES if name == USUAL_FILES[0] or (folder / name).exists()]
    known = [one for one in values.pop("COMPOSE_FILE", "").split(":") if one not in ("", TLS_FILE)] or list(usual)
    if values["TLS_CERTIFICATE"]:
        known.insert(1, TLS_FILE)
    return {} if known == usual else {"COMPOSE_FILE": ":".join(known)}


def _tls_folder(folder: Path, values: dict[str, str]) -> dict[str, str]:
    """Where the certificate lies, if not beside the Compose files."""
    values.pop("TLS_FOLDER", None)
    return {"TLS_FOLDER": str(folder / "tls")} if values["TLS_CERTIFICATE"] and folder != ROOT else {}


def _lay_certificate(folder: Path, values: dict[str, str]) -> bool:
    """Copies the certificate for the gateway's container, whose user is another; False where it was there, or is none.

    The folder above is shut to others.
    """
    if not certificates.require_both(values["TLS_CERTIFICATE"], values["TLS_KEY"]):
        return False
    for name, mode in (("", 0o700), ("gateway", 0o755), ("challenges", 0o755)):
        (folder / name).mkdir(exist_ok=True)
        (folder / name).chmod(mode)
    pair = Path(values["TLS_CERTIFICATE"]), Path(values["TLS_KEY"])
    return certificates.lay(*pair, folder / "gateway", public_url=values["PUBLIC_URL"], key_mode=0o444)


def _path(file: Path | None) -> str:
    return str(file.absolute()) if file else ""


def _quoted(name: str, value: str) -> str:
    """A value as both generations of Compose read it: in single quotes nothing is filled in, in double ones some is."""
    if not re.search(r"""['\n]|\\\\|\\$""", value):
        return f"'{value}'" if value else ""
    if re.search(r"""["$`\\\n]""", value):
        raise Failed(f"{name} can't stand in .env: with a ' there may be no \", $, ` or \\; never \\\\, nor two lines.")
    return f'"{value}"'
