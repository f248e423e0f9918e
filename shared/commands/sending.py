"""The sender: messages for what is due, again for what nobody took, an end for what killed every worker."""

from collections.abc import Sequence

from celery import Celery

from shared.commands.backlog import Backlog, Due
from shared.commands.producing import BrokerDown, producing_for
from shared.commands.table import CommandTable
from shared.database import Database
from shared.logs import get

IDLE_SECONDS = 1.0
DOWN_SECONDS = 1.0
BUSY_SECONDS = 0.25
"""Between two looks while messages go out: on SQLite each mark waits for the disk, and the workers' claims with it."""

log = get("commands")


class CommandSender:
    """Call `step` again and again; several at once do no harm, since a doubled message finds its row taken."""

    def __init__(self, commands: Sequence[CommandTable] | CommandTable, database: Database, celery_app: Celery):
        self.commands = [commands] if isinstance(commands, CommandTable) else list(commands)
        self.database, self.celery_app = database, celery_app
        self.producing = producing_for(celery_app)
        self._is_down = False

    def step(self) -> float:
        """Sends what is due and sweeps what is overdue; how many seconds there is nothing to do unless poked."""
        return min((self._step(commands) for commands in self.commands), default=IDLE_SECONDS)

    def _step(self, commands: CommandTable) -> float:
        backlog = Backlog(commands)
        if ended := backlog.end_exhausted():
            log.error("commands given up", task=commands.task, commands=ended)
        due = backlog.due()
        sent = self._send(commands, due)
        if sent:
            backlog.mark_sent(sent)
        if len(sent) < len(due):
            return DOWN_SECONDS
        return BUSY_SECONDS if sent else backlog.seconds_to_next(at_most=IDLE_SECONDS)

    def _send(self, commands: CommandTable, due: list[Due]) -> list[Due]:
        """Sends one message each, up to where the broker fails; those that went out."""
        sent: list[Due] = []
        if not due:
            return sent
        try:
            with self.producing.batch() as producer:
                for command in due:
                    self.producing.before_each()
                    self._publish(producer, commands, command)
                    sent.append(command)
            self._tell(is_down=False)
        except BrokerDown as down:
            self._tell(is_down=True, error=str(down))
            return sent if down.is_known else []
        return sent

    def _publish(self, producer, commands: CommandTable, command: Due) -> None:
        self.celery_app.send_task(
            commands.task,
            kwargs={"id": command.id},
            task_id=command.id,
            queue=commands.queue,
            headers={"traceparent": command.traceparent},
            producer=producer,
            retry=False,
            ignore_result=True,
        )

    def _tell(self, *, is_down: bool, **detail: str) -> None:
        """Logs the change only, not every second of an outage."""
        if is_down and not self._is_down:
            log.warning("the task broker does not answer, commands wait", **detail)
        if self._is_down and not is_down:
            log.info("the task broker answers again")
        self._is_down = is_down
