"""Idempotency-Key: the answer is a row written in the transaction of its effects, so there are both or neither.

Two requests with one key at once both do the work; the row's unique key lets one commit, the other is rolled back
and gives the first one's answer.
"""

import hashlib
import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from flask import Response, request
from sqlalchemy import Column, Integer, LargeBinary, MetaData, String, Table, delete, insert, select
from sqlalchemy.orm import Session

from shared import clock
from shared.database import Database, JsonDocument, Timestamp
from shared.web.errors import IdempotencyKeyReused, InvalidIdempotencyKey

KEPT = timedelta(hours=24)
_VISIBLE = re.compile(r"[\x21-\x7e]{1,255}")
_OF_THE_CONNECTION = {"content-length", "date", "server"}

answers = Table(
    "idempotent_answers",
    MetaData(),
    Column("key_hash", String(64), primary_key=True),
    Column("fingerprint", String(64), nullable=False),
    Column("status", Integer, nullable=False),
    Column("headers", JsonDocument, nullable=False),
    Column("body", LargeBinary, nullable=False),
    Column("created_at", Timestamp, nullable=False, index=True),
)


@dataclass(frozen=True, slots=True)
class Key:
    """A key within its scope (who, method, path), and the print of what was sent under it.

    Both hold the key's own text, which is kept nowhere: a body with a password can't be guessed from its print.
    """

    key_hash: str
    fingerprint: str


def key_of_request(identity: Any, *, content: str | None = None) -> Key | None:
    """The request's key, None when it has none; raises InvalidIdempotencyKey.

    `content` stands for a body that was read as a stream: its digest.
    """
    text = text_of_key()
    if text is None:
        return None
    who = identity.id if identity else "anyone"
    body = request.get_data() if content is None else content
    return Key(
        _print(who, request.method, request.path, text),
        _print(text, request.mimetype, request.query_string, body),
    )


def text_of_key() -> str | None:
    """What the client calls the request; raises InvalidIdempotencyKey."""
    text = request.headers.get("Idempotency-Key")
    if text is not None and not _VISIBLE.fullmatch(text):
        raise InvalidIdempotencyKey
    return text


def answer_once(database: Database, key: Key, work: Callable[[Session], Response]) -> Response:
    """The answer that is stored under `key`, else that of `work`, stored with its effects."""
    stored = _find(database, key)
    if stored:
        return stored
    try:
        with database.transaction() as session:
            response = work(session)
            session.flush()
            _keep(session, key, response)
            return response
    except Exception:
        stored = _find(database, key)  # a twin may have answered meanwhile
        if stored is None:
            raise
        return stored


def prune(session: Session) -> int:
    """Deletes the answers that are no longer kept; how many."""
    return session.execute(delete(answers).where(answers.c.created_at < clock.now() - KEPT)).rowcount


def _find(database: Database, key: Key) -> Response | None:
    wanted = select(answers).where(answers.c.key_hash == key.key_hash, answers.c.created_at >= clock.now() - KEPT)
    with database.reading() as session:
        row = session.execute(wanted).one_or_none()
    if row is None:
        return None
    if row.fingerprint != key.fingerprint:
        raise IdempotencyKeyReused
    return Response(row.body, row.status, [*row.headers, ["Idempotency-Replayed", "true"]])


def _keep(session: Session, key: Key, response: Response) -> None:
    headers = [[name, value] for name, value in response.headers if name.lower() not in _OF_THE_CONNECTION]
    expired = (answers.c.key_hash == key.key_hash) & (answers.c.created_at < clock.now() - KEPT)
    session.execute(delete(answers).where(expired))
    session.execute(
        insert(answers).values(
            key_hash=key.key_hash,
            fingerprint=key.fingerprint,
            status=response.status_code,
            headers=headers,
            body=response.get_data(),
            created_at=clock.now(),
        )
    )


def _print(*parts: str | bytes) -> str:
    digest = hashlib.sha256()
    for part in parts:
        part = part.encode() if isinstance(part, str) else part
        digest.update(len(part).to_bytes(8, "big") + part)
    return digest.hexdigest()
