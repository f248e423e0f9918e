"""What one command has to say in the timeline of its trace."""

from typing import Any


def entries_of(task: str, row: Any) -> list[dict]:
    """Queued, started, ended: as far as it has come; never what the command is about."""
    detail = {"command_id": row.id}
    entries = [{"at": row.created_at, "what": f"command {task} queued", "detail": detail}]
    if row.started_at:
        entries.append(
            {"at": row.started_at, "what": f"command {task} started", "detail": detail | {"attempt": row.attempts}}
        )
    if row.finished_at:
        error = {"error": row.last_error} if row.last_error else {}
        entries.append({"at": row.finished_at, "what": f"command {task} {row.state}", "detail": detail | error})
    return entries
