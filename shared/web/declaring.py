"""`endpoint`: one declaration from which a method is guarded, fed, answered and documented."""

import inspect
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial, wraps
from typing import Any, Literal

from flask import Response, current_app, request
from pydantic import BaseModel
from sqlalchemy.orm import Session

from shared.database import Database
from shared.identity import guards
from shared.problems import Problem
from shared.web import idempotency, parsing
from shared.web.answering import to_response

Access = Literal["anyone", "optional", "user", "admin", "operator", "service", "any_service"]
READING = ("GET", "HEAD")


@dataclass(frozen=True, slots=True)
class Declaration:
    """What an endpoint takes, gives, and who may call it."""

    access: Access
    body: type[BaseModel] | None
    query: type[BaseModel] | None
    answer: Any
    status: int
    problems: tuple[type[Problem], ...]
    is_idempotent: bool
    is_writing: bool
    wants: frozenset[str]
    doc: str

    @property
    def takes_key(self) -> bool:
        """Whether a method that writes honours Idempotency-Key."""
        return self.is_idempotent and not self.wants.isdisjoint({"session", "once"})


def endpoint(
    *,
    access: Access = "user",
    body: type[BaseModel] | None = None,
    query: type[BaseModel] | None = None,
    answer: Any = None,
    status: int = 200,
    problems: Sequence[type[Problem]] = (),
    idempotent: bool = True,
    writes: bool = False,
) -> Callable:
    """Declares a Resource's method, which is given by name what it names: path arguments, `session`, `body`, `query`,
    `identity`. It returns a model or plain data, that and headers, a Response, or None for 204.

    `session` is a write unit, begun at its first statement and committed when the method returns; for GET a read unit,
    unless it `writes`.
    A method that takes `session` honours Idempotency-Key, which reads its body whole. One that reads it as a stream
    takes `once` instead, and has its effects by `once(work, content=digest)`, which gives the response; or it says
    idempotent=False.
    """

    def declare(method: Callable) -> Callable:
        wants = frozenset(inspect.signature(method).parameters)
        declaration = Declaration(
            access,
            body,
            query,
            answer,
            status,
            tuple(problems),
            idempotent,
            writes,
            wants,
            inspect.getdoc(method) or "",
        )

        @wraps(method)
        def call(resource, **path: Any) -> Response:
            return _answer(declaration, partial(method, resource, **path))

        call.declaration = declaration
        return call

    return declare


def _answer(declaration: Declaration, method: Callable) -> Response:
    identity = guards.admit(declaration.access)
    given: dict[str, Any] = {"identity": identity}
    if declaration.body:
        given["body"] = parsing.read_body(declaration.body)
    if declaration.query:
        given["query"] = parsing.read_query(declaration.query)
    if "once" in declaration.wants:
        idempotency.text_of_key()  # what is wrong with it is said before the body is read
        given["once"] = partial(_once, declaration, identity)
    call = partial(method, **{name: value for name, value in given.items() if name in declaration.wants})
    if "session" not in declaration.wants:
        return to_response(call(), declaration.status)
    return _answer_in_unit(
        declaration, identity, lambda session: to_response(call(session=session), declaration.status)
    )


def _answer_in_unit(declaration: Declaration, identity: Any, work: Callable) -> Response:
    database = current_app.extensions["database"]
    if request.method in READING and not declaration.is_writing:
        with database.reading() as session:
            return work(session)
    key = idempotency.key_of_request(identity) if declaration.is_idempotent and request.method not in READING else None
    return _in_transaction(database, key, work)


def _once(declaration: Declaration, identity: Any, work: Callable[[Session], Any], *, content: str) -> Response:
    """The response of `work`, once under the request's key; `content` is the digest of the body that was read."""
    key = idempotency.key_of_request(identity, content=content)
    database = current_app.extensions["database"]
    return _in_transaction(database, key, lambda session: to_response(work(session), declaration.status))


def _in_transaction(database: Database, key: idempotency.Key | None, work: Callable[[Session], Response]) -> Response:
    if key:
        return idempotency.answer_once(database, key, work)
    with database.transaction() as session:
        return work(session)
