"""Durable commands: slow work is a row, the broker's message only a hint that names it.

What imports Celery lives in modules of its own, so that an api process never loads it: `shared.commands.celery_app`
(make_celery), `shared.commands.performing` (performs) and `shared.commands.sending` (CommandSender).
"""

from shared.commands.claims import Claim, LeaseLost
from shared.commands.columns import CommandColumns, add_command_indexes, command_columns
from shared.commands.commands import Commands
from shared.commands.failures import GiveUp, WorkerLost

__all__ = [
    "Claim",
    "CommandColumns",
    "Commands",
    "GiveUp",
    "LeaseLost",
    "WorkerLost",
    "add_command_indexes",
    "command_columns",
]
