"""PostgreSQL of one system: its cluster, and a database and role of its own for each service."""

import contextlib
import os
import pwd
import subprocess
import tempfile
from pathlib import Path

from quintet import files
from quintet.failing import Failed
from quintet.keys import Keys
from quintet.settings import OperatorSettings
from quintet.state import SERVICES, State

CONFIGURATION = """
max_connections = 200
shared_buffers = 64MB
dynamic_shared_memory_type = mmap
log_min_messages = warning
"""


def run_as(settings: OperatorSettings) -> str | None:
    """The user that PostgreSQL runs as where we are root, which it refuses."""
    return settings.postgres_user if os.geteuid() == 0 else None


def prepare(state: State, programs: Path, keys: Keys, user: str | None) -> None:
    """Makes the cluster where there is none, owned by `user`."""
    folder = state.path("postgres")
    if user:
        _require_reach(user, state.folder, programs)
    if not (folder / "PG_VERSION").exists():
        folder.mkdir(exist_ok=True)
        folder.chmod(0o700)
        if user:
            os.chown(folder, pwd.getpwnam(user).pw_uid, pwd.getpwnam(user).pw_gid)
        _initdb(folder, programs, keys.postgres_password, user)
    with contextlib.suppress(FileNotFoundError):
        (folder / "postmaster.pid").unlink()  # nobody runs: the caller has made sure


def create_databases(port: int, keys: Keys) -> None:
    """A role and a database for each service that has none yet; no role may enter another's."""
    import psycopg
    from psycopg import sql

    address = {"host": "127.0.0.1", "port": port, "user": "postgres", "password": keys.postgres_password}
    with psycopg.connect(**address, dbname="postgres", autocommit=True) as connection:
        known = {row[0] for row in connection.execute("SELECT datname FROM pg_database")}
        for name in set(SERVICES) - known:
            role, password = sql.Identifier(name), sql.Literal(keys.database_passwords[name])
            exists = connection.execute("SELECT 1 FROM pg_roles WHERE rolname = %s", [name]).fetchone()
            verb = sql.SQL("ALTER" if exists else "CREATE")
            connection.execute(sql.SQL("{} ROLE {} LOGIN PASSWORD {}").format(verb, role, password))
            connection.execute(sql.SQL("CREATE DATABASE {} OWNER {}").format(role, role))
            connection.execute(sql.SQL("REVOKE ALL ON DATABASE {} FROM PUBLIC").format(role))


def accepts(port: int, keys: Keys) -> bool:
    """Whether it lets us in; it listens before it does."""
    import psycopg

    address = {"host": "127.0.0.1", "port": port, "user": "postgres", "password": keys.postgres_password}
    try:
        psycopg.connect(**address, dbname="postgres", connect_timeout=2).close()
    except psycopg.OperationalError:
        return False
    return True


def _require_reach(user: str, folder: Path, programs: Path) -> None:
    for place in (folder, programs):
        if not files.can_enter(user, place):
            raise Failed(
                f"PostgreSQL does not run as root, and {user} may not enter {place}. Run as a plain user, put the "
                f"repository where others may enter, or name another user with POSTGRES_USER=…"
            )


def _initdb(folder: Path, programs: Path, password: str, user: str | None) -> None:
    entry = pwd.getpwnam(user) if user else None
    identity = {"user": entry.pw_uid, "group": entry.pw_gid, "extra_groups": []} if entry else {}
    read, write = os.pipe()  # so that the password is in no file and no process list
    os.write(write, password.encode() + b"\n")
    os.close(write)
    if entry:
        os.fchown(read, entry.pw_uid, entry.pw_gid)
    command = [str(programs / "initdb"), "-D", str(folder), "-U", "postgres", "--auth=scram-sha-256", "-E", "UTF8"]
    command += ["--locale-provider=builtin", "--builtin-locale=C.UTF-8", "--locale=C", f"--pwfile=/dev/fd/{read}"]
    with tempfile.TemporaryFile("w+") as output:
        done = subprocess.run(
            command,
            stdout=output,
            stderr=output,
            cwd=folder,
            env={"PATH": "/usr/bin:/bin"},
            pass_fds=[read],
            check=False,
            **identity,
        )
        os.close(read)
        output.seek(0)
        if done.returncode:
            raise Failed(f"PostgreSQL's initdb failed:\n{output.read()}")
    with (folder / "postgresql.conf").open("a") as file:
        file.write(CONFIGURATION)
