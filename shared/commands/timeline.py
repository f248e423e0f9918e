"""What one command has to say in the timeline of its trace."""

from typing import Any


def entries_of(task: str, row: Any) -> list[dict]:
    """Queued, started, ended: as far as it has come; never what the command is about."""
    entries = [{"at": row.created_at, "what": f"command {task} queued", "detail": row.id}]
    if row.started_at:
        detail = f"{row.id}, attempt {row.attempts}"
        entries.append({"at": row.started_at, "what": f"command {task} started", "detail": detail})
    if row.finished_at:
        detail = f"{row.id}, {row.last_error}" if row.last_error else row.id
        entries.append({"at": row.finished_at, "what": f"command {task} {row.state}", "detail": detail})
    return entries
