"""Auth's public keys: fetched once, asked for again when an unknown key turns up, the last good copy kept."""

import threading
import time
from collections.abc import Callable
from typing import Any

import jwt
import requests

from shared import logs

Document = dict[str, Any]
TIMEOUT_SECONDS = 2.0

log = logs.get("jwks")


class KeySet:
    """Public keys by `kid`.

    Asks its source again every `keep_seconds`, for an unknown kid at most every `calm_seconds`, after a fetch that
    failed once in `retry_seconds`.
    """

    keep_seconds, calm_seconds, retry_seconds = 300.0, 30.0, 1.0

    def __init__(self, fetch: Callable[[], Document], *, monotonic: Callable[[], float] = time.monotonic):
        self._fetch, self._monotonic = fetch, monotonic
        self._keys: dict[str, Any] = {}
        self._lock = threading.Lock()
        self._asked_at, self._has_failed = -1e9, False
        self.on_change: Callable[[], None] = lambda: None

    @property
    def is_empty(self) -> bool:
        """Whether no fetch has succeeded yet."""
        return not self._keys

    def get(self, kid: Any) -> Any | None:
        """The key of that id; None when the source does not know it either."""
        is_known = isinstance(kid, str) and kid in self._keys
        if self._is_due(self.keep_seconds if is_known else self.calm_seconds) and self._lock.acquire(not is_known):
            try:
                self._refresh(self.keep_seconds if is_known else self.calm_seconds)
            finally:
                self._lock.release()
        return self._keys.get(kid) if isinstance(kid, str) else None

    def replace(self, document: Document) -> None:
        """Takes the keys of a JWKS document in place of those that were there."""
        keys = {one["kid"]: jwt.PyJWK.from_dict(one, "EdDSA").key for one in document["keys"] if _is_ours(one)}
        if not keys:
            raise ValueError("The key set holds no Ed25519 key.")
        has_changed = keys.keys() != self._keys.keys()
        self._keys, self._asked_at, self._has_failed = keys, self._monotonic(), False
        if has_changed:
            self.on_change()

    def _is_due(self, interval: float) -> bool:
        return self._monotonic() - self._asked_at >= (self.retry_seconds if self._has_failed else interval)

    def _refresh(self, interval: float) -> None:
        if not self._is_due(interval):
            return  # another thread has just asked
        try:
            self.replace(self._fetch())
        except Exception as error:
            self._asked_at, self._has_failed = self._monotonic(), True
            log.warning("keys not fetched, the last good ones stay", error=type(error).__name__)


def _is_ours(one: Document) -> bool:
    return one.get("kty") == "OKP" and one.get("crv") == "Ed25519" and isinstance(one.get("kid"), str)


def fetcher(url: str) -> Callable[[], Document]:
    """A function that fetches the JWKS document at `url`."""

    def fetch() -> Document:
        answer = requests.get(url, timeout=TIMEOUT_SECONDS, allow_redirects=False)
        answer.raise_for_status()
        return answer.json()

    return fetch
