"""Whether a process is ready, asked of the process itself, and the bounded wait for many."""

import datetime as dt
import http.client
import json
import socket
import ssl
import time
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from quintet.failing import Failed
from quintet.processes import Process, progress_file
from quintet.state import State
from quintet.supervision import Supervisor

MOVED_SECONDS = 10.0
LIVES = 3  # a process that has died so often while it was waited for will not come


def is_ready(state: State, process: Process, info: dict) -> bool:
    """Whether the process runs and has shown that it is ready; `info` is supervisor's word on it."""
    if info["statename"] not in ("STARTING", "RUNNING"):
        return False
    if not moves(state, process, info["start"], MOVED_SECONDS):
        return False
    if process.line:
        return _has_said(state, process, info["start"])
    if process.url:
        return answers(process.port, process.url, is_tls=process.is_tls)[0] == 200
    return accepts(process.port)


def moves(state: State, process: Process, since: float, within: float) -> bool:
    """Whether the process has touched its progress file of late; one that did not in this life yet is believed."""
    try:
        touched = state.path(progress_file(process.name)).stat().st_mtime
    except OSError:
        return True
    return not process.moves or touched < since or time.time() - touched <= within


def ready_among(state: State, processes: Iterable[Process], known: dict[str, dict]) -> list[str]:
    """The names of those that are ready now, all asked at once: one that is slow to answer holds up no other."""
    asked = list(processes)
    with ThreadPoolExecutor(max_workers=len(asked) or 1) as pool:
        told = pool.map(lambda process: is_ready(state, process, known[process.name]), asked)
        return [process.name for process, ready in zip(asked, told, strict=True) if ready]


def answers(port: int, path: str, *, timeout: float = 5, is_tls: bool = False) -> tuple[int, bytes]:
    """Status and body of a GET on loopback; status 0 where nobody answers."""
    if is_tls:  # whose certificate names another host
        connection = http.client.HTTPSConnection("127.0.0.1", port, timeout=timeout, context=_any_certificate())
    else:
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=timeout)
    try:
        connection.request("GET", path)
        response = connection.getresponse()
        return response.status, response.read()
    except (OSError, http.client.HTTPException):
        return 0, b""
    finally:
        connection.close()


def _any_certificate() -> ssl.SSLContext:
    context = ssl.create_default_context()
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    return context


def accepts(port: int) -> bool:
    """Whether something listens there."""
    try:
        socket.create_connection(("127.0.0.1", port), timeout=2).close()
    except OSError:
        return False
    return True


def wait_for(state: State, supervisor: Supervisor, processes: Iterable[Process], within: float, say: Callable) -> None:
    """Returns when all are ready, telling of each; Failed, with the end of its log, for one that is not to come."""
    waiting = {process.name: process for process in processes}
    lives: dict[str, set[int]] = {name: set() for name in waiting}
    read_from = {name: _size(_log(state, name)) for name in waiting}
    begun = time.monotonic()
    while waiting:
        known = supervisor.processes()
        for name in ready_among(state, waiting.values(), known):
            del waiting[name]
            say(f"{name} ready", time.monotonic() - begun)
        for name in waiting:
            lives[name] |= {known[name]["pid"]} - {0}
            if len(lives[name]) >= LIVES:
                raise Failed(explain(state, name, f"{name} dies as soon as it is started", read_from[name]))
        if waiting and time.monotonic() - begun > within:
            name = next(iter(waiting))
            what = f"{', '.join(waiting)} not ready within {within:.0f} s{_own_word(waiting[name])}"
            raise Failed(explain(state, name, what, read_from[name]))
        time.sleep(0.1)


def explain(state: State, name: str, what: str, read_from: int = 0, *, lines: int = 20) -> str:
    """`what`, with the last lines that the process's log has beyond `read_from`."""
    file = _log(state, name)
    text = file.read_bytes() if file.exists() else b""
    recent = text[read_from if read_from <= len(text) else 0 :].decode(errors="replace")
    last = [line for line in recent.splitlines() if line.strip() and not _is_our_asking(line)][-lines:]
    return "\n".join([f"{what}. The end of {file}:", *(f"  {line}" for line in last)])


def _own_word(process: Process) -> str:
    """What the process itself answers when it is asked whether it is ready."""
    told = answers(process.port, process.url, is_tls=process.is_tls) if process.port and process.url else (0, b"")
    body = told[1]
    return f"; it says {body.decode(errors='replace').strip()}" if body else ""


def _is_our_asking(line: str) -> bool:
    return '"route":"/readyz' in line or '"logger":"health"' in line


def _log(state: State, name: str) -> Path:
    return state.path("log", "gateway.txt" if name == "gateway" else f"{name}.log")


def _size(file: Path) -> int:
    return file.stat().st_size if file.exists() else 0


def _has_said(state: State, process: Process, since: int) -> bool:
    return any(_is_since(line, since) for line in _lines(state, process.name) if process.line in line)


def _lines(state: State, name: str) -> Iterable[str]:
    current = state.path("log", f"{name}.log")
    for file in [current, *(Path(f"{current}.{number}") for number in (1, 2, 3))]:
        if file.exists():
            yield from reversed(file.read_text(errors="replace").splitlines())


def _is_since(line: str, since: int) -> bool:
    try:
        at = dt.datetime.fromisoformat(json.loads(line)["at"])
    except (ValueError, KeyError, TypeError):
        return False
    return at.timestamp() >= since
