"""The steps at which a process can be hit: named places in the code that production runs, watched from outside."""

import importlib
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Literal

Role = Literal["api", "bank", "reader", "worker"]
Seed = Literal["", "deadly", "abandoned", "exhausted", "long"]

REQUEST = "flask:Flask.full_dispatch_request"
RELAYING, CONSUMING = "shared.bus.role:BusRole._relay", "shared.bus.role:BusRole._consume"
SENDING, PERFORMING = "shared.bus.role:BusRole._send_commands", "shared.commands.performing:perform"
RENEWING = "shared.commands.claims:Claim.renew"


def always(*_: Any) -> bool:
    """Every call is work."""
    return True


def given(_args: tuple, result: Any) -> bool:
    """A call that gave something was work."""
    return bool(result)


def told(args: tuple, _result: Any) -> bool:
    """A call that was given something is work."""
    return bool(args[-1])


@dataclass(frozen=True, slots=True)
class Step:
    """A side of a function in one role's process: `place` is module:name, or transport:name for the broker's own.

    `until` is the function whose return shows that the process has gone on from there.
    """

    name: str
    role: Role
    place: str
    side: Literal["before", "after"]
    until: str
    is_work: Callable[[tuple, Any], bool] = always
    call: int = 1
    in_transaction: bool = False
    """Whether the process has written and not committed there."""
    needs_broker: bool = False
    """Whether the step is reached only by what a broker brought or took."""
    late_readers: bool = False
    """Whether the handling services start when everything has passed the broker, so that they must ask the feed."""
    seed: Seed = ""
    """What must be there beforehand."""


STEPS = [
    Step("request: transaction", "api", "shared.bus.source.outbox:announce_all", "after", REQUEST, in_transaction=True),
    Step("request: commit", "api", "sqlalchemy.orm:Session.commit", "after", REQUEST,
         lambda args, _: "after_commit" in args[0].info),
    Step("request: poke", "api", "transport:poke", "before", "transport:poke"),
    Step("relay: numbering", "bank", "shared.bus.source.numbering:give_numbers", "after", RELAYING, given,
         in_transaction=True),
    Step("relay: append", "bank", "transport:append", "before", RELAYING, told),
    Step("relay: appended", "bank", "transport:append", "after", RELAYING, told, needs_broker=True),
    Step("relay: mark", "bank", "shared.bus.source.numbering:mark_sent", "after", RELAYING, told,
         in_transaction=True, needs_broker=True),
    Step("feed: answer", "api", "shared.bus.api:read_feed", "after", REQUEST,
         lambda _, answer: bool(answer and answer.entries), late_readers=True),
    Step("feed: read", "reader", "shared.bus.feed:FeedClient.ask", "after", CONSUMING,
         lambda _, answer: bool(answer.entries), late_readers=True),
    Step("consumer: read", "reader", "shared.bus.consuming.consumer:Consumer._read", "after", CONSUMING, given,
         needs_broker=True),
    Step("consumer: handler", "reader", "shared.bus.consuming.handlers:Handler.run", "before", CONSUMING, call=2,
         in_transaction=True),
    Step("consumer: effect", "reader", "shared.bus.consuming.handlers:Handler.run", "after", CONSUMING, call=2,
         in_transaction=True),
    Step("consumer: commit", "reader", "shared.bus.consuming.handling:Handling.handle", "after", CONSUMING, told),
    Step("waiting: put off", "reader", "shared.bus.consuming.waiting:put_off", "after", CONSUMING,
         in_transaction=True),
    Step("waiting: retry", "reader", "shared.bus.consuming.waiting:Waiting._count", "after", CONSUMING, given),
    Step("waiting: park", "reader", "shared.bus.consuming.waiting:Waiting._count", "after", CONSUMING,
         lambda args, is_counted: not is_counted and args[1].attempts > 1),
    Step("waiting: park a killer", "reader", "shared.bus.consuming.waiting:park", "after", CONSUMING,
         in_transaction=True, seed="deadly"),
    Step("command: insert", "api", "shared.commands.commands:Commands.submit", "after", REQUEST, in_transaction=True),
    Step("command: send", "bank", "shared.commands.sending:CommandSender._publish", "after", SENDING,
         needs_broker=True),
    Step("command: claim", "worker", "shared.commands.commands:Commands.claim", "after", PERFORMING, given,
         needs_broker=True),
    Step("command: work", "worker", "tests.faults.members:do_errand", "before", PERFORMING, needs_broker=True),
    Step("command: renew", "worker", RENEWING, "before", RENEWING, needs_broker=True, seed="long"),
    Step("command: finish", "worker", "shared.commands.claims:Claim._end", "after", PERFORMING, in_transaction=True,
         needs_broker=True),
    Step("command: acknowledge", "worker", "shared.commands.performing:_outcome", "after", PERFORMING,
         needs_broker=True),
    Step("command: sweep", "bank", "shared.commands.backlog:Backlog.due", "after", SENDING,
         lambda _, due: any(one.fence for one in due), seed="abandoned"),
    Step("command: give up", "bank", "shared.commands.backlog:Backlog._give_up", "after", SENDING,
         in_transaction=True, seed="exhausted"),
]  # fmt: skip


def step_named(name: str) -> Step:
    """The declared step of that name."""
    return next(step for step in STEPS if step.name == name)


def locate(place: str, transport: Any) -> tuple[Any, str]:
    """The object that holds a place's function, and the function's name in it; raises when there is none."""
    where, _, path = place.partition(":")
    owner = type(transport) if where == "transport" else importlib.import_module(where)
    *parents, name = path.split(".")
    for parent in parents:
        owner = getattr(owner, parent)
    if not callable(getattr(owner, name)):
        raise TypeError(f"{place} is no function")
    return owner, name
