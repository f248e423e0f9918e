"""Registrars: new people register, each once; now and then an address that can be nobody's."""

from chaos.book import REGISTER
from chaos.clients.calling import Caller
from chaos.clients.clocked import Clocked

PATH = "/v1/auth/accounts"
DOMAIN = "example.com"


class Registrar(Clocked):
    """Each act registers a new address, which is the call's own identity."""

    def __init__(self, caller: Caller, every: float):
        super().__init__(caller, every)
        self._count = 0

    def act(self) -> None:
        self._count += 1
        name = f"{self.caller.name}.{self._count}"
        is_wrong = self.caller.chance.random() < 0.1
        email = name if is_wrong else f"{name}@{DOMAIN}"
        self.caller.call(
            REGISTER, "POST", PATH, {"email": email, "is_wrong": is_wrong},
            body=lambda call_id: {"email": email, "password": f"correct horse {call_id}"},
        )  # fmt: skip
