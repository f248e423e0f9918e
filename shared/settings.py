"""What a service must be told: read from the environment alone, checked as a whole before a port opens."""

import base64
import binascii
import importlib
import os
import sys
from pathlib import Path
from typing import Any, ClassVar, Literal

from pydantic import Field, ValidationError, field_validator
from pydantic_settings import BaseSettings, DotEnvSettingsSource, SettingsConfigDict, SettingsError

ED25519_BYTES = 32
PEM = b"PRIVATE KEY"
REDIS = ("redis://", "rediss://")
BROKERS = (*REDIS, "amqp://", "amqps://")
LogLevel = Literal["DEBUG", "INFO", "WARNING", "ERROR"]


class Settings(BaseSettings):
    """Base of every service's settings. SETTINGS_FILE may name a file of NAME=value lines; the environment wins.

    Without arguments it reads the environment, and ends the process with status 2 when that is not valid.
    """

    model_config = SettingsConfigDict(frozen=True, extra="ignore", hide_input_in_errors=True, env_ignore_empty=True)
    service: ClassVar[str] = "service"

    database_url: str = Field(repr=False, description="sqlite:///auth/auth.db or postgresql://user:password@host/name")
    bus_url: str = Field(repr=False, description="What carries events: redis:// or amqp:// (RabbitMQ)")
    celery_url: str = Field(repr=False, description="What carries Celery's messages: redis:// or amqp://")
    cache_url: str = Field(repr=False, description="The Redis for what may be lost at any time")
    public_url: str = Field(description="The gateway's address as clients see it, without a slash at its end")
    sources: dict[str, str] = Field(description="JSON: service -> base URL of its API")
    jwks_url: str = Field(description="Where auth publishes its public keys")
    token_issuer: str = Field(description="The `iss` of access tokens")
    token_audience: str = Field("quintet", description="The `aud` of access tokens")
    service_private_key: str = Field(repr=False, description="This service's Ed25519 key: PEM in base64, one line")
    service_public_keys: dict[str, str] = Field(description="JSON: service -> its raw Ed25519 public key in base64")
    log_level: LogLevel = Field("INFO", description="The lowest level that is written")
    bus_partitions: int = Field(8, ge=1, le=256, description="Partitions of the bus; set once, never changed")
    event_window_hours: int = Field(24, ge=1, description="How long the outbox keeps handled events, at least")
    event_window_bytes: int = Field(
        2_000_000_000, ge=1_000_000, description="Above so many bytes handled events go before their hours have passed"
    )
    event_alarm_minutes: int = Field(
        30, ge=1, description="A consumer that has left an event unhandled for so long holds the outbox back: an alarm"
    )
    progress_file: Path | None = Field(None, description="A file that the process touches each second while it moves")
    max_body_bytes: int = Field(1_048_576, ge=1024, description="The largest JSON body that is taken")

    def __init__(self, **values: Any):
        try:
            super().__init__(**values)
        except (ValidationError, SettingsError) as error:
            if values:
                raise
            print(_complaint(type(self), error), file=sys.stderr)
            raise SystemExit(2) from None

    @field_validator("database_url")
    @classmethod
    def _is_a_known_database(cls, url: str) -> str:
        if not url.startswith(("sqlite://", "postgresql://")):
            raise ValueError("must begin with sqlite:// or postgresql://")
        return url

    @field_validator("bus_url", "celery_url")
    @classmethod
    def _is_a_broker(cls, url: str) -> str:
        if not url.startswith(BROKERS):
            raise ValueError("must begin with redis://, rediss://, amqp:// or amqps://")
        return url

    @field_validator("cache_url")
    @classmethod
    def _is_a_redis(cls, url: str) -> str:
        if not url.startswith(REDIS):
            raise ValueError("must begin with redis:// or rediss://")
        return url

    @field_validator("service_private_key")
    @classmethod
    def _is_a_private_key(cls, text: str) -> str:
        if PEM not in _from_base64(text).partition(b"\n")[0]:
            raise ValueError("must be base64 of an Ed25519 key in PEM")
        return text

    @field_validator("service_public_keys")
    @classmethod
    def _are_public_keys(cls, keys: dict[str, str]) -> dict[str, str]:
        if any(len(_from_base64(text)) != ED25519_BYTES for text in keys.values()):
            raise ValueError("must be base64 of raw Ed25519 keys")
        return keys

    @field_validator("public_url")
    @classmethod
    def _has_no_slash_at_its_end(cls, url: str) -> str:
        return url.rstrip("/")

    @classmethod
    def settings_customise_sources(cls, settings_cls, init_settings, env_settings, **_others):
        file = os.environ.get("SETTINGS_FILE")  # noqa: TID251
        named = (DotEnvSettingsSource(settings_cls, env_file=file),) if file else ()
        return init_settings, env_settings, *named


def _from_base64(text: str) -> bytes:
    try:
        return base64.b64decode(text, validate=True)
    except binascii.Error:
        return b""


def _complaint(cls: type[Settings], error: ValidationError | SettingsError) -> str:
    if isinstance(error, SettingsError):
        return f"{cls.service}: settings can't be read: {error}"
    wrong = [f"  {str(one['loc'][0]).upper() if one['loc'] else '?'}: {one['msg']}" for one in error.errors()]
    return "\n".join([f"{cls.service}: {len(wrong)} settings are missing or wrong:", *wrong])


def check(module: str) -> None:
    """Reads the settings that a service's module declares; ends the process with status 2 when they are wrong."""
    importlib.import_module(module)
    for cls in Settings.__subclasses__():
        cls()


if __name__ == "__main__":
    from shared import settings  # the module that services subclass, which this one is not while it is __main__

    settings.check(sys.argv[1])
