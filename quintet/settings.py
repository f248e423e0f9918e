"""What an operator may set: read from the environment, beside the options of the command line."""

from pathlib import Path
from typing import Literal

from pydantic import Field, ValidationError
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


def read() -> OperatorSettings:
    """The settings; Failed names every one that is wrong."""
    try:
        return OperatorSettings()
    except ValidationError as error:
        wrong = [f"{str(one['loc'][0]).upper()}: {one['msg']}" for one in error.errors(include_input=False)]
        raise Failed("Settings are wrong:\n  " + "\n  ".join(wrong)) from None
