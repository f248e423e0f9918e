"""supervisord: its configuration, and the calls by which it is told what to start and to stop."""

import os
import resource
import shlex
import subprocess
import sys
import time
from collections.abc import Iterable
from http.client import HTTPConnection, HTTPException
from typing import Any
from xmlrpc import client

import psutil

from quintet import files
from quintet.failing import Failed
from quintet.keys import Keys
from quintet.processes import Process
from quintet.state import ROOT, Shape, State

MARKER = "QUINTET_STATE"
INHERITED = ("PATH", "HOME", "USER", "LANG", "LC_ALL", "SSL_CERT_FILE")
OPEN_FILES = 8192
ALREADY_STARTED, NOT_RUNNING = 60, 70  # supervisor's fault codes


def base_environment(state: State) -> dict[str, str]:
    """What every process of a system is given: little of the operator's own environment, and the system's mark."""
    inherited = {name: os.environ[name] for name in INHERITED if name in os.environ}  # noqa: TID251
    ours = {"PYTHONPATH": str(ROOT), "TMPDIR": str(state.path("run", "tmp")), "TZ": "UTC"}
    python = {"PYTHONUNBUFFERED": "1", "MALLOC_ARENA_MAX": "2"}  # threads share arenas: less memory, no slower here
    return {**inherited, **ours, **python, MARKER: str(state.folder)}


def open_files() -> int:
    """How many files a process may hold open here, as far as we want any."""
    hard = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    return OPEN_FILES if hard == resource.RLIM_INFINITY else min(hard, OPEN_FILES)


def write_configuration(state: State, shape: Shape, keys: Keys, processes: Iterable[Process]) -> None:
    """Writes supervisord's INI file for these processes; its paths start from the folder that it is launched in."""
    programs = [_program(process) for process in processes]
    files.write(state.path("run", "supervisord.conf"), "\n".join([_daemon(shape, keys), *programs]))


def _daemon(shape: Shape, keys: Keys) -> str:
    sections = {
        "supervisord": {
            "logfile": "log/supervisord.txt",
            "logfile_maxbytes": "5MB",
            "logfile_backups": 1,
            "pidfile": "run/supervisord.pid",
            "childlogdir": "log",
            "minfds": open_files(),
            "umask": "022",
            **({"user": "root"} if os.geteuid() == 0 else {}),
        },
        "inet_http_server": {
            "port": f"127.0.0.1:{shape.ports['supervisor']}",
            "username": "quintet",
            "password": keys.supervisor_password,
        },
        "rpcinterface:supervisor": {
            "supervisor.rpcinterface_factory": "supervisor.rpcinterface:make_main_rpcinterface",
        },
    }
    return "\n".join(_section(name, values) for name, values in sections.items())


def _program(process: Process) -> str:
    values: dict[str, Any] = {
        "command": shlex.join(process.command),
        "autostart": "false",
        "autorestart": "true",
        "startsecs": 1,
        "startretries": 1000,
        "stopsignal": process.stop_signal,
        "stopwaitsecs": process.grace_seconds,
        "killasgroup": "true",
        "stdout_logfile": f"log/{process.name}.log",
        "stdout_logfile_maxbytes": "20MB",
        "stdout_logfile_backups": 3,
    }
    if process.name == "gateway":  # its log is JSON; what nginx itself complains of is not
        values |= {"stderr_logfile": "log/gateway.txt", "stderr_logfile_maxbytes": "5MB"}
    else:
        values["redirect_stderr"] = "true"
    if process.environment:
        values["environment"] = ",".join(f'{name}="{value}"' for name, value in process.environment.items())
    if process.user:
        values["user"] = process.user
    return _section(f"program:{process.name}", values)


def _section(name: str, values: dict[str, Any]) -> str:
    lines = [f"{key} = {str(value).replace('%', '%%')}" for key, value in values.items()]
    return "\n".join([f"[{name}]", *lines, ""])


class Supervisor:
    """The supervisord of one system."""

    def __init__(self, state: State, shape: Shape, keys: Keys):
        self.state = state
        url = f"http://quintet:{keys.supervisor_password}@127.0.0.1:{shape.ports.get('supervisor', 0)}/RPC2"
        self._transports = _Patient(5), _Patient(30)
        self._probe, self._rpc = (client.ServerProxy(url, transport=one).supervisor for one in self._transports)

    def close(self) -> None:
        """Closes the connections; a further question opens one anew."""
        for transport in self._transports:
            transport.close()

    def pid(self) -> int:
        """Its own, as it has written it down; OSError or ValueError where it has not."""
        return int(self.state.path("run", "supervisord.pid").read_text())

    def is_running(self) -> bool:
        """Whether it answers, and as the supervisord of this state folder; on a busy machine one may need longer."""
        for rpc in (self._probe, self._rpc):
            try:
                return rpc.getState()["statename"] == "RUNNING"
            except TimeoutError:
                if self._stands_still():
                    return False
            except (OSError, HTTPException, client.Error):
                return False
        return False

    def _stands_still(self) -> bool:
        """Whether its process was stopped, or is none of which that can be told."""
        try:
            status = psutil.Process(self.pid()).status()
        except (OSError, ValueError, psutil.NoSuchProcess):
            return True
        return status in (psutil.STATUS_STOPPED, psutil.STATUS_TRACING_STOP)

    def launch(self, *, within: float = 60) -> None:
        """Starts supervisord, which starts nothing by itself, and returns when it answers."""
        configuration = str(self.state.path("run", "supervisord.conf"))
        command = [sys.executable, "-m", "supervisor.supervisord", "-c", configuration]
        subprocess.run(command, env=base_environment(self.state), cwd=self.state.folder, check=True)
        deadline = time.monotonic() + within
        while not self.is_running():
            if time.monotonic() > deadline:
                raise Failed(f"supervisord does not answer; its log is {self.state.path('log', 'supervisord.txt')}.")
            time.sleep(0.02)

    def take_in(self) -> list[str]:
        """Takes in a changed configuration and starts nothing; returns what it no longer holds, still running."""
        added, changed, removed = self._rpc.reloadConfig()[0]
        for name in changed:
            self.remove(name)
        for name in (*added, *changed):
            self._rpc.addProcessGroup(name)
        return removed

    def remove(self, name: str) -> None:
        """Stops a process, waits for its end and forgets it."""
        self._rpc.stopProcessGroup(name)
        self._rpc.removeProcessGroup(name)

    def processes(self) -> dict[str, dict[str, Any]]:
        """Supervisor's word on each process, by name."""
        return {one["name"]: one for one in self._rpc.getAllProcessInfo()}

    def start(self, name: str) -> None:
        """Starts a process and does not wait for it; one that runs already is no error."""
        self._despite(ALREADY_STARTED, self._rpc.startProcess, name)

    def stop(self, name: str) -> None:
        """Begins to stop a process; one that does not run is no error."""
        self._despite(NOT_RUNNING, self._rpc.stopProcess, name)

    def signal(self, name: str, signal: str) -> None:
        self._rpc.signalProcess(name, signal)

    def shut_down(self) -> None:
        """Ends supervisord and what it still runs."""
        self._rpc.shutdown()

    def _despite(self, fault: int, call: Any, name: str) -> None:
        try:
            call(name, False)
        except client.Fault as error:
            if error.faultCode != fault:
                raise Failed(f"supervisord can't start or stop {name}: {error.faultString}") from None


class _Patient(client.Transport):
    """Waits for an answer, but not for ever: supervisord itself may be stopped."""

    def __init__(self, seconds: float):
        super().__init__()
        self.seconds = seconds

    def make_connection(self, host: Any) -> HTTPConnection:
        connection = super().make_connection(host)
        connection.timeout = self.seconds
        return connection
