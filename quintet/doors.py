"""The services' internal doors, opened with the operator's own token: who answers, who refuses, who is silent."""

import json
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from types import SimpleNamespace
from typing import Any

import requests
from dotenv import dotenv_values

from quintet.failing import Failed
from quintet.state import State
from shared.identity.services import ServiceTokens

TIMEOUT = (2, 8)


class Silent(Failed):
    """A service does not answer, or answers nothing that can be read."""


class Refused(Failed):
    """A service answered with a problem."""

    def __init__(self, service: str, problem: dict[str, Any]):
        self.service, self.code, self.status = service, problem.get("code"), problem.get("status")
        super().__init__(f"{service} refuses: {problem.get('detail') or problem.get('title')} ({self.code})")


class Doors:
    """The doors of one system's services."""

    def __init__(self, state: State):
        file = state.path("settings", "operator.env")
        if not file.exists():
            raise Failed(f"There is no system in {state.folder}.")
        known = dotenv_values(file)
        key = SimpleNamespace(service_private_key=known["SERVICE_PRIVATE_KEY"], service_public_keys={})
        self._tokens = ServiceTokens("operator", key)
        self._addresses: dict[str, str] = json.loads(known["SOURCES"] or "{}")
        self._http = requests.Session()
        self._http.trust_env = False

    @property
    def services(self) -> list[str]:
        """Every service of the system."""
        return list(self._addresses)

    def chosen(self, name: str | None) -> list[str]:
        """That service alone, or all; Failed where there is none of that name."""
        if name is not None and name not in self._addresses:
            raise Failed(f"There is no service {name}; there are {', '.join(self.services)}.")
        return [name] if name else self.services

    def bus(self, service: str, method: str, path: str, **more: Any) -> Any:
        """What a door of the service's bus gives. Raises Silent, Refused."""
        return self.ask(service, method, f"/v1/bus/{service}/{path}", **more)

    def ask(self, service: str, method: str, path: str, **more: Any) -> Any:
        """The JSON of an answer, None where it has no body. Raises Silent, Refused."""
        headers = {"Authorization": f"Bearer {self._tokens.issue(service)}"}
        try:
            url = f"{self._addresses[service]}{path}"
            answer = self._http.request(method, url, headers=headers, timeout=TIMEOUT, allow_redirects=False, **more)
            document = answer.json() if answer.content else None
        except (requests.RequestException, ValueError) as error:
            raise Silent(f"{service} does not answer.") from error
        if not answer.ok:
            raise Refused(service, document or {"title": f"status {answer.status_code}"})
        return document

    def ask_each(self, services: Iterable[str], ask: Callable[[str], Any]) -> tuple[dict[str, Any], list[str]]:
        """What `ask` gives for each service, all asked at once, and the services that are silent. Raises Refused."""
        services = list(services)
        with ThreadPoolExecutor(max_workers=len(services) or 1) as pool:
            asked = {service: pool.submit(ask, service) for service in services}
        answers, silent = {}, []
        for service, answer in asked.items():
            try:
                answers[service] = answer.result()
            except Silent:
                silent.append(service)
        return answers, silent
