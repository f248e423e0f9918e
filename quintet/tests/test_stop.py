"""How the processes of a system are ended where supervisord listens."""

from quintet.stop import end_processes


class Supervisor:
    """Has as many processes as it was given names, which end when they are asked about the second time."""

    def __init__(self, names: list[str]):
        self.pids, self.stopped, self.questions = dict.fromkeys(names, 7), [], 0

    def stop(self, name: str) -> None:
        self.stopped.append(name)

    def processes(self) -> dict[str, dict]:
        self.questions += 1
        if self.questions == 2:
            self.pids |= dict.fromkeys(self.stopped, 0)
        return {name: {"pid": pid} for name, pid in self.pids.items()}


def test_it_is_asked_once_about_all_of_them_however_many_there_are():
    supervisor = Supervisor(["redis", *(f"data-{number}" for number in range(60))])
    end_processes(supervisor, set(supervisor.pids) - {"redis"})
    assert (len(supervisor.stopped), supervisor.questions) == (60, 2)
