"""What is chosen on the command line, laid over what was chosen before, and the ports that follow from it."""

from dataclasses import dataclass, field, replace

from quintet import ports, processes, rabbitmq
from quintet.failing import Failed
from quintet.settings import OperatorSettings
from quintet.state import SERVICES, Shape

FIXED = {"database": "DATABASE", "broker": "BROKER", "port": "PORT", "mail_port": "MAIL_PORT"}
"""What only a stopped system can change."""
MOST = 64
"""Of one process: more than one machine runs, and a slip of the finger beyond it."""


@dataclass(frozen=True)
class Choices:
    """The options of `up`; None and an absent count mean: as before."""

    database: str | None = None
    broker: str | None = None
    port: int | None = None
    mail_port: int | None = None
    counts: dict[str, int] = field(default_factory=dict)


def lay_over(shape: Shape, choices: Choices) -> Shape:
    """The shape with the choices made in it."""
    for name, count in choices.counts.items():
        if name not in processes.scalable():
            raise Failed(f"{name} can't be scaled; what can: {', '.join(sorted(processes.scalable()))}.")
        if not 1 <= count <= MOST:
            raise Failed(f"{name} can't run {count} times; 1 to {MOST} times it can.")
    made = {name: getattr(choices, name) for name in FIXED if getattr(choices, name) is not None}
    return replace(shape, **made, counts={**shape.counts, **choices.counts})


def refuse_change(running: Shape, choices: Choices) -> None:
    """Fails where a choice would change what a running system can't."""
    for name, setting in FIXED.items():
        wanted, is_so = getattr(choices, name), getattr(running, name)
        if wanted not in (None, is_so, 0):
            raise Failed(f"The system is up with {setting}={is_so}; to change it, run `make down` first.")


def refuse_newcomers(running: Shape) -> None:
    """Fails where a service was laid down while the system runs: the others would not know its key and address."""
    if new := [service for service in SERVICES if service not in running.ports]:
        raise Failed(f"{', '.join(new)} is new here; to take it in, run `make down` first.")


def assign_ports(shape: Shape, settings: OperatorSettings, *, is_running: bool) -> Shape:
    """The shape with a port for each that listens: kept where it can be, else one that is free."""
    given = dict(shape.ports)
    wanted = ["supervisor", "redis", "smtp"] + (["postgres"] if shape.database == "postgres" else [])
    wanted += rabbitmq.PORTS if shape.broker == "rabbitmq" else ()
    for name in [*wanted, *(one for service in SERVICES for one in processes.instances(service, shape))]:
        taken = {port for other, port in given.items() if other != name}
        if not is_running or name not in given:
            given[name] = ports.keep(given.get(name), taken)
    return replace(shape, ports=given) if is_running else _assign_public(replace(shape, ports=given), settings)


def _assign_public(shape: Shape, settings: OperatorSettings) -> Shape:
    port = shape.port or ports.choose(shape.ports.values())
    mail_port = shape.mail_port or ports.choose([*shape.ports.values(), port])
    ports.require(port, "PORT", settings.listen_host)
    ports.require(mail_port, "MAIL_PORT")
    if shape.tls and settings.http_port:
        ports.require(settings.http_port, "HTTP_PORT", settings.listen_host)
    return replace(shape, port=port, mail_port=mail_port)
