"""Pytest fixtures that every test of the repository can ask for."""

import logging
import sys
from collections.abc import Iterator

import pytest
import structlog

from shared import logs
from shared.database import engine
from shared.testing.clocks import standing
from shared.testing.rabbit import NoRabbit, RabbitServer
from shared.testing.servers import PostgresServer, RedisServer


@pytest.fixture(autouse=True)
def patient_locks(monkeypatch) -> None:
    """Writers at once wait for each other's locks however slow the disk is; override it to see what happens else."""
    monkeypatch.setattr(engine, "LOCK_SECONDS", 60)


@pytest.fixture(autouse=True)
def logs_to_standard_output() -> Iterator[None]:
    """A test that sends its logs elsewhere does so for itself alone."""
    yield
    ours = [one for one in logging.getLogger().handlers if one.get_name() == "quintet"]
    if structlog.is_configured() and not any(getattr(one, "stream", None) is sys.stdout for one in ours):
        logs.configure("test")


@pytest.fixture
def standing_clock() -> Iterator[None]:
    """The clock all but stands: no lease ends and nothing is late since the machine is busy."""
    with standing():
        yield


@pytest.fixture(scope="session")
def shared_redis(tmp_path_factory) -> Iterator[RedisServer]:
    """One Valkey for the run, for tests that leave it running."""
    server = RedisServer(tmp_path_factory.mktemp("redis")).start()
    yield server
    server.stop()


@pytest.fixture
def redis_url(shared_redis: RedisServer) -> str:
    """The URL of an empty Redis."""
    with shared_redis.client() as client:
        client.flushall()
    return shared_redis.url


@pytest.fixture
def redis_server(tmp_path) -> Iterator[RedisServer]:
    """A Valkey of the test's own, to stop, flush and restart."""
    folder = tmp_path / "redis"
    folder.mkdir()
    server = RedisServer(folder).start()
    yield server
    server.stop()


@pytest.fixture(scope="session")
def rabbit_server() -> Iterator[RabbitServer]:
    """One RabbitMQ for the run, since it takes seconds to start; who stops it starts it again."""
    try:
        server = RabbitServer()
    except NoRabbit as reason:
        pytest.skip(f"no RabbitMQ here: {reason}")
    try:
        yield server.start()
    finally:
        server.end()


@pytest.fixture(scope="session")
def postgres_server() -> Iterator[PostgresServer]:
    server = PostgresServer().start()
    yield server
    server.stop()


@pytest.fixture
def postgres_url(postgres_server: PostgresServer) -> Iterator[str]:
    """The URL of an own, empty PostgreSQL database."""
    url = postgres_server.new_database()
    yield url
    postgres_server.drop_database(url)


@pytest.fixture(params=["sqlite", "postgres"])
def database_url(request, tmp_path) -> str:
    """The URL of an empty database, of both kinds one after the other."""
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path}/test.db"
    return request.getfixturevalue("postgres_url")
