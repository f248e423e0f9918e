"""Asks data for its collections, once at the start: from then on data's events tell what changes."""

from collections.abc import Callable
from typing import Any

import requests

from shared.bus.feed import FeedDown

TIMEOUT = (2, 10)


def asker(addresses: dict[str, str], token: Callable[[], str]) -> Callable[[], list[dict[str, Any]]]:
    """A function that gives all definitions, or raises FeedDown while data does not answer."""
    http = requests.Session()
    http.trust_env = False

    def ask() -> list[dict[str, Any]]:
        try:
            answer = http.get(
                f"{addresses['data']}/internal/collections",
                headers={"Authorization": f"Bearer {token()}"},
                timeout=TIMEOUT,
                allow_redirects=False,
            )
            answer.raise_for_status()
            return answer.json()["items"]
        except (requests.RequestException, ValueError, KeyError) as error:
            raise FeedDown(f"data: {type(error).__name__}") from error

    return ask
