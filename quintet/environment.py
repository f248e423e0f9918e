"""The settings file of each service: every setting that it needs, and none that another needs."""

import json

from quintet import files, outsiders, rabbitmq
from quintet.keys import Keys
from quintet.settings import OperatorSettings
from quintet.state import SERVICES, Shape, State

SEALERS = {"auth", "mail"}  # who may read a sealed field of an event
FILERS = {"data", "worker"}  # who reaches the object store


def public_url(shape: Shape, settings: OperatorSettings) -> str:
    """The gateway's address as clients see it."""
    host = "127.0.0.1" if settings.listen_host in ("0.0.0.0", "::") else settings.listen_host  # noqa: S104
    scheme = "https" if settings.tls_certificate else "http"
    return (settings.public_url or f"{scheme}://{host}:{shape.port}").rstrip("/")


def write_all(state: State, shape: Shape, settings: OperatorSettings, keys: Keys) -> None:
    """Writes settings/<service>.env for every service, and for the operator's own requests."""
    for name in (*SERVICES, "operator"):
        values = fields(name, state, shape, settings, keys)
        text = "".join(f"{field}={_quoted(value)}\n" for field, value in values.items())
        files.write(state.path("settings", f"{name}.env"), text + _overrides(state, name))


def fields(name: str, state: State, shape: Shape, settings: OperatorSettings, keys: Keys) -> dict[str, str]:
    """The settings of one service by their names."""
    values = _shared(name, shape, settings, keys)
    if name == "auth":
        values["SIGNING_KEYS_SECRET"] = keys.signing_keys_secret
    if name in SEALERS:
        values["EVENT_SEAL_KEYS"] = json.dumps(keys.event_seal_keys)
    if name in FILERS:
        values["FILES_DIR"] = str(state.path("files"))
        values["MAX_UPLOAD_BYTES"] = str(settings.max_upload_bytes)
    if name == "realtime":
        values["OUTSIDE_SERVICES_FILE"] = str(outsiders.file_of(state))
    if name == "mail":
        values |= _smtp(shape, settings)
    return values


def _shared(name: str, shape: Shape, settings: OperatorSettings, keys: Keys) -> dict[str, str]:
    url = public_url(shape, settings)
    sources = {service: f"http://127.0.0.1:{shape.ports[service]}" for service in SERVICES}
    redis = f"redis://:{keys.redis_password}@127.0.0.1:{shape.ports['redis']}/0"
    return {
        "DATABASE_URL": database_url(name, shape, keys),
        **dict.fromkeys(("BUS_URL", "CELERY_URL"), rabbitmq.url(shape, keys) if shape.broker == "rabbitmq" else redis),
        "CACHE_URL": redis,
        "PUBLIC_URL": url,
        "SOURCES": json.dumps(sources),
        "JWKS_URL": f"{sources['auth']}/.well-known/jwks.json",
        "TOKEN_ISSUER": url,
        "SERVICE_PRIVATE_KEY": keys.service_keys[name],
        "SERVICE_PUBLIC_KEYS": json.dumps(keys.public_keys()),
        "LOG_LEVEL": settings.log_level,
        "MAX_BODY_BYTES": str(settings.max_body_bytes),
    }


def database_url(name: str, shape: Shape, keys: Keys) -> str:
    """Where a service's own database is; the operator has none and is given an empty one in memory."""
    if name == "operator":
        return "sqlite://"
    if shape.database == "postgres":
        return f"postgresql://{name}:{keys.database_passwords[name]}@127.0.0.1:{shape.ports['postgres']}/{name}"
    return f"sqlite:///{name}/{name}.db"


def _smtp(shape: Shape, settings: OperatorSettings) -> dict[str, str]:
    mail_from = {"MAIL_FROM": settings.mail_from}
    if settings.smtp_host is None:
        catcher = {"SMTP_HOST": "127.0.0.1", "SMTP_PORT": str(shape.ports["smtp"]), "SMTP_SECURITY": "none"}
        return catcher | mail_from
    return mail_from | {
        "SMTP_HOST": settings.smtp_host,
        "SMTP_PORT": str(settings.smtp_port),
        "SMTP_SECURITY": settings.smtp_security,
        "SMTP_USERNAME": settings.smtp_username,
        "SMTP_PASSWORD": settings.smtp_password,
    }


def _quoted(value: str) -> str:
    escaped = value.replace("\\", "\\\\").replace("'", "\\'")
    return f"'{escaped}'"


def _overrides(state: State, name: str) -> str:
    """What the operator laid down in overrides/<service>.env; the last line of a name wins."""
    file = state.path("overrides", f"{name}.env")
    return file.read_text() if file.exists() else ""
