"""`quintet env`: the file .env that docker-compose.yml needs, its secrets generated, none ever defaulted."""

import hashlib
import json
import secrets
from pathlib import Path

from dotenv import dotenv_values

from quintet import certificates, files, gateway
from quintet.keys import fresh_secrets, public_half
from quintet.settings import OperatorSettings
from quintet.state import ROOT, SERVICES

TLS_FILE = "docker-compose.tls.yml"
USUAL_FILES = ("docker-compose.yml", "docker-compose.override.yml")
"""What Compose reads where it is not told: the second where it is there."""
HEAD = """\
# Settings and secrets of the containers, made by `make env`. Keep it: with it alone the databases can be read again.
# A value that stands here stays; a line that is taken out is made anew by the next `make env`.
"""


def write(file: Path, settings: OperatorSettings) -> list[str]:
    """Writes what is missing in the file and keeps what is there; the names that were added."""
    known = {name: value for name, value in dotenv_values(file, interpolate=False).items() if value is not None}
    made = {**choices(settings), **_secrets(known)}
    merged = {**made, **known, **_derived({**made, **known})}
    merged |= _compose_files(file.parent, merged) | _tls_folder(file.absolute().parent, merged)
    _lay_certificate(file.parent / "tls", merged)
    files.write(file, text(merged))
    return [name for name in merged if name not in known]


def text(values: dict[str, str]) -> str:
    """The whole file."""
    return HEAD + "".join(f"{name}={_quoted(value)}\n" for name, value in values.items())


def choices(settings: OperatorSettings) -> dict[str, str]:
    """What an operator may want to change, as the settings of the environment have it."""
    has_smtp = settings.smtp_host is not None
    here = "https://127.0.0.1:8443" if settings.tls_certificate else "http://127.0.0.1:8080"
    mail = {
        "SMTP_HOST": settings.smtp_host or "mail-catcher",
        "SMTP_PORT": str(settings.smtp_port if has_smtp else 1025),
        "SMTP_SECURITY": settings.smtp_security if has_smtp else "none",
        "SMTP_USERNAME": settings.smtp_username,
        "SMTP_PASSWORD": settings.smtp_password,
        "MAIL_FROM": settings.mail_from,
    }
    return {
        "COMPOSE_PROJECT_NAME": "quintet",
        "COMPOSE_PROFILES": "" if has_smtp else "dev",
        "GATEWAY_ADDRESS": "127.0.0.1:8080",
        "GATEWAY_TLS_ADDRESS": "127.0.0.1:8443",
        "PUBLIC_URL": (settings.public_url or here).rstrip("/"),
        "TLS_CERTIFICATE": _path(settings.tls_certificate),
        "TLS_KEY": _path(settings.tls_key),
        "TRUSTED_PROXIES": settings.trusted_proxies,
        "ADMIN_EMAIL": settings.admin_email,
        "CORS_ORIGINS": settings.cors_origins,
        "LOG_LEVEL": settings.log_level,
        **mail,
    }


def generated() -> list[str]:
    """The names of what is made and derived, not chosen."""
    made = _secrets({})
    return [*made, *_derived({**choices(OperatorSettings()), **made})]


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


def _lay_certificate(folder: Path, values: dict[str, str]) -> None:
    """Copies the certificate for the gateway's container, whose user is another: the folder above is shut to others."""
    if not certificates.require_both(values["TLS_CERTIFICATE"], values["TLS_KEY"]):
        return
    for name, mode in (("", 0o700), ("gateway", 0o755), ("challenges", 0o755)):
        (folder / name).mkdir(exist_ok=True)
        (folder / name).chmod(mode)
    pair = Path(values["TLS_CERTIFICATE"]), Path(values["TLS_KEY"])
    certificates.lay(*pair, folder / "gateway", public_url=values["PUBLIC_URL"], key_mode=0o444)


def _path(file: Path | None) -> str:
    return str(file.absolute()) if file else ""


def _quoted(value: str) -> str:
    """A value as both generations of Compose read it: in single quotes nothing is filled in."""
    return f"'{value}'" if value else ""
