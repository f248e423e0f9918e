"""What an operator may set: read from the environment, beside the options of the command line."""

import re
from pathlib import Path
from typing import Literal
from urllib.parse import urlsplit

from pydantic import Field, ValidationError, field_validator
from pydantic_settings import BaseSettings, SettingsConfigDict

from quintet.failing import Failed


class OperatorSettings(BaseSettings):
    """Every field is an environment variable of the same name in capitals; docs/settings.md lists them."""

    model_config = SettingsConfigDict(frozen=True, extra="ignore", env_ignore_empty=True)

    listen_host: str = Field("127.0.0.1", description="The address that the gateway listens on")
    public_url: str | None = Field(None, description="The gateway's address as clients see it")
    admin_email: str = Field("admin@example.com", description="The first admin's address")
    log_level: Literal["DEBUG", "INFO", "WARNING", "ERROR"] = Field("INFO", description="Of all services")
    ready_within_seconds: int = Field(180, ge=1, description="How long `up` waits for each step")

    nginx: Path | None = Field(None, description="An nginx to run instead of the wheel's")
    nginx_user: str | None = Field(None, description="Under root: whom nginx's workers run as")
    redis_server: Path | None = Field(None, description="A redis-server or valkey-server to run instead of the wheel's")
    rabbitmq_server: Path | None = Field(None, description="A rabbitmq-server to run instead of Debian's")
    postgres_bin: Path | None = Field(None, description="A folder with PostgreSQL's programs instead of the wheel's")
    postgres_user: str = Field("nobody", description="Under root: whom PostgreSQL runs as, for it refuses root")

    rate_per_second: int = Field(1000, ge=1, description="Requests a second that one client address may make")
    auth_rate_per_second: int = Field(20, ge=1, description="The same for sign-in, sign-up and refresh")
    connections_per_client: int = Field(1000, ge=1, description="Connections that one client address may hold")
    max_body_bytes: int = Field(1024 * 1024, ge=1024, description="The largest body, uploads aside")
    max_upload_bytes: int = Field(20 * 1024 * 1024, ge=1024, description="The largest upload or import")
    cors_origins: str = Field(
        "http://localhost:*,http://127.0.0.1:*", description="Origins whose pages may call; * is any port or name"
    )
    trusted_proxies: str = Field(
        "", description="Addresses or networks whose X-Forwarded-For and X-Forwarded-Proto are believed, by commas"
    )
    tls_certificate: Path | None = Field(None, description="The gateway's certificate with its chain, in PEM")
    tls_key: Path | None = Field(None, description="The certificate's private key, in PEM")
    http_port: int | None = Field(
        None, ge=1, le=65535, description="Beside TLS: a port whose requests are led to https"
    )

    smtp_host: str | None = Field(None, description="A real SMTP server instead of the catcher")
    smtp_port: int = Field(587, description="Its port")
    smtp_security: Literal["none", "starttls", "tls"] = Field("starttls", description="none, starttls or tls")
    smtp_username: str = Field("", description="User at the SMTP server, if it wants one")
    smtp_password: str = Field("", repr=False, description="Password at the SMTP server")
    mail_from: str = Field("Quintet <no-reply@example.com>", description="The sender of all mails")

    @field_validator("public_url")
    @classmethod
    def _is_an_address(cls, given: str | None) -> str | None:
        """Links in mails begin with it, and nginx sends clients to it."""
        told = urlsplit(given or "http://none")
        if told.scheme not in ("http", "https") or not told.hostname or re.search(r"""[\s'"?#;{}$]""", given or ""):
            raise ValueError("begins with https:// or http://, as https://api.example.com")
        return given


PUBLISHED = r"^(?:(?:[^\s:]+|\[[0-9a-fA-F:]+\]):)?\d{1,5}$"
"""A port of this host, perhaps with the address that it is bound to."""


class ContainerSettings(OperatorSettings):
    """What Compose reads besides, out of .env."""

    compose_project_name: str = Field(
        "quintet",
        pattern="^[a-z0-9][a-z0-9_-]*$",
        description="What the names of containers, networks and volumes begin with",
    )
    compose_profiles: str | None = Field(
        None, description="`dev` runs the mail catcher, too; empty where a real SMTP_HOST is given"
    )
    gateway_address: str = Field(
        "127.0.0.1:8080",
        pattern=PUBLISHED,
        description="Where the gateway is published; with a certificate, where plain HTTP is led to https",
    )
    gateway_tls_address: str = Field(
        "127.0.0.1:8443",
        pattern=PUBLISHED,
        description="With a certificate: where the gateway is published under TLS, as `0.0.0.0:443`",
    )
    mail_catcher_address: str = Field(
        "127.0.0.1:8025", pattern=PUBLISHED, description="Where the mail catcher's page is published"
    )
    backup_folder: str = Field("./backups", description="Where `operator backup create` puts archives")
    backup_key_file: str = Field(
        "/dev/null", description="A file with the key that seals and opens them; 16 characters or more"
    )
    outside_keys_folder: str = Field(
        "./outside-keys", description="Where `operator service add` leaves the private key of a service outside"
    )
    drain_seconds: float = Field(3, ge=0, description="How long an API that is told to end says so before it does")
    rate_burst: int = Field(2000, ge=1, description="Requests that one client address may make at once beyond the rate")
    quintet_tag: str = Field("latest", description="The tag of Quintet's own images")
    python_image: str = Field("python:3.11-slim-bookworm", description="What the services' images stand on")
    nginx_image: str = Field("nginx:1.31", description="What the gateway's image stands on; 1.27.3 or newer")
    postgres_image: str = Field("postgres:18", description="PostgreSQL's image")
    redis_image: str = Field("redis:8", description="Redis's or Valkey's image")


def read() -> OperatorSettings:
    """The settings; Failed names every one that is wrong."""
    try:
        return OperatorSettings()
    except ValidationError as error:
        raise Failed(f"Settings are wrong:\n{_told(error)}") from None


def of_containers(lines: dict[str, str] | None = None) -> ContainerSettings:
    """What the lines of .env say, and where they are silent the environment; Failed names every one that is wrong."""
    given = {name.lower(): value for name, value in (lines or {}).items() if value}
    try:
        return ContainerSettings(**given)
    except ValidationError as error:
        raise Failed(f"Settings are wrong, in .env or the environment:\n{_told(error)}") from None


def _told(error: ValidationError) -> str:
    return "\n".join(f"  {str(one['loc'][0]).upper()}: {one['msg']}" for one in error.errors(include_input=False))
