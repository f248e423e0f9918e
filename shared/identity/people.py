"""Who asks."""

from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True, slots=True)
class Identity:
    """A user (role `user` or `admin`, of a session) or a service (role `service`, id its name)."""

    id: str
    role: str
    session_id: str | None
    expires_at: datetime

    @property
    def is_admin(self) -> bool:
        """Whether this is an admin."""
        return self.role == "admin"

    @property
    def actor(self) -> str:
        """The name under which it acts in traces and events: `users/<id>`, `services/<name>`."""
        return f"{'services' if self.role == 'service' else 'users'}/{self.id}"
