"""Takes what holds up gevent's loop out of it: SQLite's statements and commits run in gevent's thread pool.

Only the driver's own calls do. Locks, pools and sockets of the code around them stay in the loop, where they belong.
"""

from collections.abc import Callable
from typing import Any, TypeVar

from gevent import get_hub, monkey
from sqlalchemy import Engine, event

Result = TypeVar("Result")


def is_in_gevent() -> bool:
    """Whether this process is an api instance under gunicorn's gevent worker."""
    return monkey.is_module_patched("socket")


def beside_the_loop(act: Callable[..., Result], *arguments: Any) -> Result:
    """What `act` gives, computed in the thread pool where a loop would stand still meanwhile."""
    return get_hub().threadpool.apply(act, arguments) if is_in_gevent() else act(*arguments)


def offload(engine: Engine) -> None:
    """Has the engine's statements and commits waited for in the thread pool."""
    for name in ("do_execute", "do_executemany"):
        event.listen(engine, name, _statement(name))
    event.listen(engine, "do_execute_no_params", _execute_alone)
    for name in ("do_commit", "do_rollback"):
        setattr(engine.dialect, name, _in_pool(getattr(engine.dialect, name)))


def _statement(name: str):
    method = name.removeprefix("do_")

    def run(cursor, statement, parameters, _context) -> bool:
        get_hub().threadpool.apply(getattr(cursor, method), (statement, parameters))
        return True

    return run


def _execute_alone(cursor, statement, _context) -> bool:
    get_hub().threadpool.apply(cursor.execute, (statement,))
    return True


def _in_pool(act):
    def run(connection) -> None:
        get_hub().threadpool.apply(act, (connection,))

    return run
