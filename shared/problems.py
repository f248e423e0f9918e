"""Every way to fail, as RFC 9457 problems: raising one is the only way to fail, in requests, sockets and tasks."""

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, ClassVar

from shared import trace


class Problem(Exception):
    """Something went wrong."""

    status: ClassVar[int] = 500
    code: ClassVar[str] = "problem"
    title: ClassVar[str] = "Problem"

    def __init_subclass__(cls, **kwargs: Any) -> None:
        super().__init_subclass__(**kwargs)
        words = re.sub(r"(?<=[a-z0-9])(?=[A-Z])", " ", cls.__name__)
        if "code" not in cls.__dict__:
            cls.code = words.lower().replace(" ", "_")
        if "title" not in cls.__dict__:
            cls.title = words.capitalize()

    def __init__(
        self,
        detail: str | None = None,
        *,
        errors: Sequence[Mapping[str, Any]] | None = None,
        headers: Mapping[str, str] | None = None,
        **members: Any,
    ):
        """`detail` is shown to the client and defaults to the docstring; `members` become the document's own."""
        self.detail = detail or (type(self).__doc__ or "").strip().split("\n")[0]
        self.errors = list(errors or ())
        self.headers = dict(headers or {})
        self.members = members
        super().__init__(self.detail)

    @property
    def type(self) -> str:
        """The problem's URI: where docs/problems.md speaks of it."""
        return f"/problems/{self.code.replace('_', '-')}"

    def to_dict(self) -> dict[str, Any]:
        """The problem as its RFC 9457 document."""
        document = {"type": self.type, "title": self.title, "status": self.status, "detail": self.detail}
        document["code"] = self.code
        if self.errors:
            document["errors"] = self.errors
        step = trace.active()
        if step:
            document["request_id"] = step.request_id
        return {**self.members, **document}


def every_problem(root: type[Problem] = Problem) -> Iterator[type[Problem]]:
    """Every problem class declared so far below `root`."""
    for child in root.__subclasses__():
        yield child
        yield from every_problem(child)


class Malformed(Problem):
    """The request could not be read."""

    status = 400


class Unauthenticated(Problem):
    """Who asks could not be established."""

    status = 401


class Forbidden(Problem):
    """This is not allowed for who asks."""

    status = 403


class NotFound(Problem):
    """There is nothing here, or nothing that may be seen."""

    status = 404


class MethodNotAllowed(Problem):
    """The resource does not know this method; the Allow header names those that it knows."""

    status = 405


class Conflict(Problem):
    """The present state does not allow this."""

    status = 409


class Gone(Problem):
    """What was here is gone for good."""

    status = 410


class PreconditionFailed(Problem):
    """The resource is no longer as the request's If-Match says."""

    status = 412


class TooLarge(Problem):
    """The request's body is over the limit."""

    status = 413


class UnsupportedMediaType(Problem):
    """The request's body is not of a type that is taken here."""

    status = 415


class Invalid(Problem):
    """What was sent is well-formed but not valid; `errors` names each place by its JSON pointer."""

    status = 422


class TooMany(Problem):
    """Too many requests; the Retry-After header says when to come again."""

    status = 429


class InternalError(Problem):
    """The server failed; the request id leads to what happened."""

    status = 500


class Unavailable(Problem):
    """This can't be answered right now; the same request may succeed in a moment."""

    status = 503

    def __init__(self, detail: str | None = None, *, retry_after: int = 1, **more: Any):
        super().__init__(detail, headers={"Retry-After": str(retry_after)}, **more)
