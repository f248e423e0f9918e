"""`quintet up`: brings a system from whatever state it is in to what was chosen, and returns when it is ready."""

from collections.abc import Callable
from dataclasses import dataclass, replace

from quintet import (
    binaries,
    environment,
    front,
    hunt,
    postgres,
    processes,
    provisioning,
    rabbitmq,
    readiness,
    supervision,
)
from quintet.certificates import require_both
from quintet.choosing import Choices, assign_ports, lay_over, refuse_change, refuse_newcomers
from quintet.failing import Failed
from quintet.keys import Keys
from quintet.processes import GATEWAY, ROLES, SERVERS, Process
from quintet.settings import OperatorSettings
from quintet.state import RESTORING, Shape, State
from quintet.supervision import Supervisor


@dataclass
class Up:
    """One run of `up`; `say(what, seconds)` is told of each step that is done."""

    state: State
    settings: OperatorSettings
    say: Callable[[str, float | None], None]

    def run(self, choices: Choices) -> bool:
        """Whether there was anything to do."""
        self.state.make_folders()
        with self.state.lock():
            if self.state.path(RESTORING).exists():
                raise Failed("A restore was cut short; run it again first.")
            self.keys, self.shape = Keys(self.state), self.state.shape()
            self.supervisor = Supervisor(self.state, self.shape, self.keys)
            self.was_up = self.supervisor.is_running()
            self.shape = self._choose(choices)
            self.table = self._table(self.shape)
            self.is_new_certificate = front.lay_certificate(self.state, self.shape, self.settings)
            if not self.was_up or not self._is_as_chosen():
                self._bring_up()
            elif self.is_new_certificate:
                self._reload_gateway()
            else:
                return False
            return True

    def _choose(self, choices: Choices) -> Shape:
        if self.was_up:
            refuse_change(self.shape, choices)
            refuse_newcomers(self.shape)
        elif count := hunt.end_all(self.state):
            self.say(f"ended {count} processes that were left from before", None)
        tls = require_both(self.settings.tls_certificate, self.settings.tls_key)
        if self.was_up and tls != self.shape.tls:
            raise Failed("TLS_CERTIFICATE comes or goes with the system down; run `make down` first.")
        shape = replace(lay_over(self.shape, choices), tls=tls)
        return assign_ports(shape, self.settings, is_running=self.was_up)

    def _table(self, shape: Shape) -> list[Process]:
        programs = processes.Programs(
            binaries.redis(self.settings),
            binaries.postgres(self.settings) if shape.database == "postgres" else None,
            postgres.run_as(self.settings),
            binaries.rabbitmq(self.settings) if shape.broker == "rabbitmq" else None,
        )
        servers = processes.server_processes(self.state, shape, programs)
        gateway = processes.gateway_process(self.state, shape, binaries.nginx(self.settings))
        return [*servers, *processes.service_processes(shape), gateway, *processes.watchdogs(self.state)]

    def _is_as_chosen(self) -> bool:
        known = self.supervisor.processes()
        names = {process.name for process in self.table}
        return set(known) == names == set(readiness.ready_among(self.state, self.table, known))

    def _bring_up(self) -> None:
        self._write()
        going = self._supervise()
        provision = provisioning.Provisioning(self.state, self.shape, self.settings, self.keys, self.say)
        if not self.was_up:
            provision.cluster()
        self._start(SERVERS)
        if not self.was_up:
            provision.databases()
        self._start(ROLES)
        provision.admin()
        is_changed = front.prepare(self.state, self.shape, self.settings)
        self._start(GATEWAY)
        if self.was_up and (is_changed or self.is_new_certificate):
            self._reload_gateway()
        self._retire(going)

    def _write(self) -> None:
        """All that processes read when they start; the shape first, so that `down` finds whatever was begun."""
        self.state.save(self.shape)
        environment.write_all(self.state, self.shape, self.settings, self.keys)
        provisioning.write_redis(self.state, self.shape, self.keys)
        if self.shape.broker == "rabbitmq":
            rabbitmq.write(self.state, self.shape, self.keys)
        supervision.write_configuration(self.state, self.shape, self.keys, self.table)

    def _supervise(self) -> list[str]:
        """Has supervisord know the table; who is no longer in it stays until the gateway has turned away."""
        if self.was_up:
            return self.supervisor.take_in()
        self.supervisor = Supervisor(self.state, self.shape, self.keys)
        self.supervisor.launch()
        return []

    def _start(self, stage: int) -> None:
        known = self.supervisor.processes()
        wanted = [process for process in self.table if process.stage == stage]
        ready = readiness.ready_among(self.state, wanted, known)
        late = [process for process in wanted if process.name not in ready]
        for process in late:
            self.supervisor.start(process.name)
        readiness.wait_for(self.state, self.supervisor, late, self.settings.ready_within_seconds, self.say)

    def _reload_gateway(self) -> None:
        front.reload(self.supervisor, self.settings.ready_within_seconds)
        self.say("gateway reloaded", None)

    def _retire(self, names: list[str]) -> None:
        for name in names:
            self.supervisor.remove(name)
            self.say(f"{name} stopped", None)
