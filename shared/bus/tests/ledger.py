"""Events of a source named `ledger`, for the bus's own tests."""

from shared.events import Event


class Noted(Event):
    """Something was written down under an account."""

    account: str
    amount: int

    @property
    def subject(self) -> str:
        return f"accounts/{self.account}"
