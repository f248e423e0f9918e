"""Writers: create, change and delete records, and now and then ask for what must be refused."""

from chaos.book import CREATE, DELETE, UPDATE, Call
from chaos.clients.clocked import Clocked

LEDGER = "ledger"
PATH = f"/v1/data/collections/{LEDGER}/records"
MINE, OPEN = "owner = @me.id", "open = true"
DEFINITION = {
    "name": LEDGER,
    "fields": [
        {"name": "mark", "type": "text", "required": True, "indexed": True},
        {"name": "note", "type": "text"},
        {"name": "code", "type": "text", "unique": True},
        {"name": "step", "type": "integer"},
        {"name": "open", "type": "bool", "required": True},
        {"name": "photo", "type": "file"},
        {"name": "owner", "type": "text", "default": "@me.id"},
    ],
    "rules": {
        "list": f'{OPEN} || {MINE} || @me.role = "admin"',
        "view": f'{OPEN} || {MINE} || @me.role = "admin"',
        "create": f"@me.id != null && {MINE}",
        "update": MINE,
        "delete": MINE,
    },
}
"""`mark` is the call that created a record, `note` the one that wrote it last; others see it where it is open."""
SEE_ALL, SEE_OPEN = "all", "open"


class Writer(Clocked):
    """Keeps records of its own; nobody else writes to them, so each one's history is this client's calls."""

    def __init__(self, caller, every: float):
        super().__init__(caller, every)
        self.versions: dict[str, int] = {}
        self._codes: dict[str, str] = {}

    def act(self) -> None:
        chance = self.caller.chance.random()
        if chance < 0.06:
            self._ask_for_the_impossible()
        elif chance < 0.5 or not self.versions:
            self._create()
        elif chance < 0.9:
            self._update()
        else:
            self._delete()

    def _create(self) -> None:
        is_open = self.caller.chance.random() < 0.7
        call = create(self.caller, is_open=is_open)
        if call.is_answered:
            self.versions[call.answer["id"]] = 1
            self._codes[call.answer["id"]] = call.answer["code"]

    def _update(self) -> None:
        record_id = self._one_of_mine()
        version = self.versions[record_id]
        headers = {"If-Match": f'"{version}"'} if self.caller.chance.random() < 0.3 else {}
        wanted = {"record": record_id, "is_conditional": bool(headers)}
        step = self.caller.chance.randrange(1000)
        call = self.caller.call(
            UPDATE, "PATCH", f"{PATH}/{record_id}", wanted,
            body=lambda call_id: {"note": call_id, "step": step}, headers=headers,
        )  # fmt: skip
        if call.is_answered:
            self.versions[record_id] = call.answer["version"]

    def _delete(self) -> None:
        record_id = self._one_of_mine()
        del self.versions[record_id], self._codes[record_id]
        self.caller.call(DELETE, "DELETE", f"{PATH}/{record_id}", {"record": record_id})

    def _ask_for_the_impossible(self) -> None:
        """A value that is taken, or one that does not fit."""
        if self._codes and self.caller.chance.random() < 0.5:
            create(self.caller, is_open=True, is_wrong=True, code=self.caller.chance.choice(list(self._codes.values())))
        else:
            create(self.caller, is_open=True, is_wrong=True, step="many")

    def _one_of_mine(self) -> str:
        return self.caller.chance.choice(list(self.versions))


def create(caller, *, is_open: bool, is_wrong: bool = False, is_patient: bool | None = None, **more) -> Call:
    """Creates a record whose mark is the call's id."""
    wanted = {"is_open": is_open, "is_wrong": is_wrong, "owner": caller.account.id}

    def body(call_id: str) -> dict:
        return {"mark": call_id, "note": call_id, "code": f"c-{call_id}", "step": 0, "open": is_open} | more

    return caller.call(CREATE, "POST", PATH, wanted, body=body, is_patient=is_patient)
