"""Attempts made from inside a running container, with what the container itself has: its settings, its libraries."""

import json

from demo.containers import Containers

DATABASES = """
import json, os, psycopg
from urllib.parse import urlsplit, urlunsplit
own, said = urlsplit(os.environ["DATABASE_URL"]), {}
for name in %r:
    try:
        with psycopg.connect(urlunsplit(own._replace(path="/" + name)), connect_timeout=5) as connection:
            said[name] = "connected as " + connection.execute("SELECT current_user").fetchone()[0]
    except psycopg.OperationalError as error:
        said[name] = str(error)
print(json.dumps(said))
"""
STATEMENTS = """
import json, os, psycopg
said = {}
with psycopg.connect(os.environ["DATABASE_URL"], connect_timeout=5, autocommit=True) as connection:
    for statement in %r:
        try:
            connection.execute(statement)
            said[statement] = "done"
        except psycopg.Error as error:
            said[statement] = error.sqlstate
print(json.dumps(said))
"""
REDIS = """
import json, os, redis
client, said = redis.Redis.from_url(os.environ["BUS_URL"]), []
for command in %r:
    try:
        client.execute_command(*command)
        said.append("done")
    except redis.exceptions.NoPermissionError:
        said.append("refused")
print(json.dumps(said))
"""
ROOT_FILE_SYSTEM = """
import json, os
places = [line.split()[1] for line in open("/proc/self/mounts")] + ["/app", "/opt/venv", "/etc", "/usr", "/var/tmp"]
writable = sorted({place for place in places if os.path.isdir(place) and os.access(place, os.W_OK)})
status = dict(line.rstrip().split(":\\t", 1) for line in open("/proc/1/status") if ":\\t" in line)
try:
    open("/app/mark", "w")
    wrote = "written"
except OSError as error:
    wrote = error.strerror
print(json.dumps({"writable": writable, "status": status, "wrote": wrote}))
"""


def databases(system: Containers, service: str, names: list[str]) -> dict[str, str]:
    """What the service's own role is told where it connects to each of these databases."""
    return _asked(system, service, DATABASES % names)


def statements(system: Containers, service: str, wanted: list[str]) -> dict[str, str]:
    """How each statement goes in the service's own database: done, or the SQLSTATE."""
    return _asked(system, service, STATEMENTS % wanted)


def redis(system: Containers, service: str, commands: list[tuple[str, ...]]) -> list[str]:
    """How each command to Redis goes as the service's own user: done or refused."""
    return _asked(system, service, REDIS % commands)


def surroundings(system: Containers, name: str) -> dict:
    """What the container's first process may do, and where it can write."""
    return _asked(system, name, ROOT_FILE_SYSTEM)


def _asked(system: Containers, name: str, program: str):
    return json.loads(system.run_in(name, "python", "-c", program))
