"""What tests stand on: real servers on free ports, databases of both kinds, bounded waits.

Fixtures (shared.testing.fixtures, loaded by pyproject.toml): `redis_url` and `redis_server` (an own Valkey),
`rabbit_server` (one RabbitMQ for the run), `postgres_url` (an own, empty PostgreSQL database per test), `database_url`
(both kinds, one after the other), `standing_clock` (no lease ends meanwhile). In every test locks are waited for longer
than in production (`patient_locks`). `bus.bus_of` joins services within the process.
"""

from shared.testing.waiting import eventually

__all__ = ["eventually"]
