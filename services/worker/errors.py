"""Every problem that worker can raise."""

from shared.problems import Invalid, NotFound, Problem


class UnknownJobKind(Invalid):
    """There is no such kind of job, or it is not for clients to submit."""


class JobNotFound(NotFound):
    """There is no such job, or it is somebody else's."""


class ResultTooLarge(Problem):
    """What the job computed is larger than a job's result may be."""

    status = 422


class JobFailed(Problem):
    """The job failed again and again for a reason of the server's own; its attempts are used up."""

    status = 500


class ImageUnreadable(Invalid):
    """The file is not a whole picture of a supported format."""


class ImageTooLarge(Invalid):
    """The picture has more pixels or frames than may be unpacked."""


class CsvProblem(Invalid):
    """A CSV file can't be read; `line` says where."""

    @classmethod
    def at(cls, line: int, detail: str) -> "CsvProblem":
        """The problem with the line of the file on which it lies."""
        return cls(f"Line {line}: {detail}", line=line)


class CsvHeaderInvalid(CsvProblem):
    """The header row must name every column, each once."""


class CsvRowRagged(CsvProblem):
    """A row has more or fewer fields than the header."""


class CsvMalformed(CsvProblem):
    """A row's quoting is broken, or a field is too long."""


class CsvNotText(CsvProblem):
    """The file is not UTF-8 text."""
