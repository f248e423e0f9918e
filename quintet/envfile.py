"""`quintet env`: the file .env that docker-compose.yml needs, its secrets generated, none ever defaulted."""

import hashlib
import json
import secrets
from pathlib import Path

from dotenv import dotenv_values

from quintet import files, gateway
from quintet.keys import fresh_secrets, public_half
from quintet.settings import OperatorSettings
from quintet.state import SERVICES

HEAD = """\
# Settings and secrets of the containers, made by `make env`. Keep it: with it alone the databases can be read again.
# A value that stands here stays; a line that is taken out is made anew by the next `make env`.
"""


def write(file: Path, settings: OperatorSettings) -> list[str]:
    """Writes what is missing in the file and keeps what is there; the names that were added."""
    known = {name: value for name, value in dotenv_values(file, interpolate=False).items() if value is not None}
    made = {**_choices(settings), **_secrets(known)}
    merged = {**made, **known, **_derived({**made, **known})}
    files.write(file, HEAD + "".join(f"{name}={_quoted(value)}\n" for name, value in merged.items()))
    return [name for name in merged if name not in known]


def _choices(settings: OperatorSettings) -> dict[str, str]:
    """What an operator may want to change, as the settings of the environment have it."""
    has_smtp = settings.smtp_host is not None
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
        "PUBLIC_URL": (settings.public_url or "http://127.0.0.1:8080").rstrip("/"),
        "ADMIN_EMAIL": settings.admin_email,
        "CORS_ORIGINS": settings.cors_origins,
        "LOG_LEVEL": settings.log_level,
        **mail,
    }


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
        "PUBLIC_SCHEME": values["PUBLIC_URL"].partition(":")[0],
        **hashes,
    }


def _quoted(value: str) -> str:
    """A value as both generations of Compose read it: in single quotes nothing is filled in."""
    return f"'{value}'" if value else ""
