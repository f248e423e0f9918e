"""Reads what the mail catcher has caught."""

import re

import requests

from demo.waiting import ensure, eventually


class Mails:
    """The catcher's HTTP door."""

    def __init__(self, url: str):
        self.url = url.rstrip("/")

    def to(self, address: str) -> list[dict]:
        """Every mail to an address, oldest first, with its text."""
        found = requests.get(f"{self.url}/messages", params={"to": address}, timeout=30).json()
        return [requests.get(f"{self.url}/messages/{one['id']}", timeout=30).json() for one in reversed(found)]

    def wait_for(self, address: str, what: str, *, within: float = 60.0) -> dict:
        """The newest mail to an address whose subject or text holds `what`."""

        def matching() -> dict | None:
            return next((mail for mail in reversed(self.to(address)) if what in mail["subject"] + mail["text"]), None)

        return eventually(matching, f"a mail to {address} with {what!r}", within=within)


def link_in(mail: dict, path: str) -> str:
    """The link in a mail's text that leads to `path`."""
    links = [link.rstrip(".,)>") for link in re.findall(r"https?://\S+", mail["text"])]
    found = next((link for link in links if path in link), None)
    ensure(found, f"no link to {path} in the mail, only {links}")
    return found
