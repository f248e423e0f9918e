"""The processes of a release, run as `quintet` and the containers run them, and what each has written."""

import base64
import json
import subprocess
import sys
from pathlib import Path

import requests
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from quintet import ports
from shared.testing import eventually
from shared.testing.identity import private_pem
from shared.testing.proxy import Proxy

KEY = Ed25519PrivateKey.generate()
PUBLIC = base64.b64encode(KEY.public_key().public_bytes(Encoding.Raw, PublicFormat.Raw)).decode()


class Process:
    """One process of a release, begun in its folder; what it writes is kept."""

    def __init__(self, folder: Path, name: str, settings: dict[str, str], *command: str):
        self.name, self.written = f"{folder.name}'s {name}", folder.parent / f"{folder.name}-{name}.txt"
        with self.written.open("ab") as file:
            self._process = subprocess.Popen(
                [sys.executable, "-m", *command], cwd=folder, env=settings, stdout=file, stderr=subprocess.STDOUT
            )

    def end(self) -> int:
        """Asks it to end, as a rolling update does; its exit status."""
        self._process.terminate()
        return self._process.wait(120)

    def close(self) -> None:
        if self._process.poll() is None:
            self._process.kill()
            self._process.wait(60)

    def complaints(self) -> list[str]:
        """The lines that tell of an error, and those that are no log lines at all."""
        return [line for line in self.written.read_text().splitlines() if not _is_fine(line)]


def _is_fine(line: str) -> bool:
    try:
        return json.loads(line)["level"] in ("debug", "info", "warning")
    except ValueError:
        return False


class Site:
    """One database and broker, on which processes of several releases run; whoever asks the feed finds the newest."""

    def __init__(self, database_url: str, redis_url: str):
        self.feed, self.begun = Proxy(("127.0.0.1", 1)), []
        nowhere = "http://127.0.0.1:1"
        sources = {"shelf": f"http://127.0.0.1:{self.feed.port}", "auth": nowhere}
        self.settings = {
            "DATABASE_URL": database_url,
            **dict.fromkeys(("BUS_URL", "CELERY_URL", "CACHE_URL"), redis_url),
            **dict.fromkeys(("PUBLIC_URL", "TOKEN_ISSUER", "JWKS_URL"), nowhere),
            "SOURCES": json.dumps(sources),
            "SERVICE_PRIVATE_KEY": private_pem(KEY),
            "SERVICE_PUBLIC_KEYS": json.dumps({"shelf": PUBLIC}),
        }

    def migrate(self, folder: Path, *options: str) -> None:
        """`flask migrate` of that release."""
        command = [sys.executable, "-m", "flask", "--app", "services.shelf.app", "migrate", *options]
        done = subprocess.run(command, cwd=folder, env=self.settings, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stdout + done.stderr

    def api(self, folder: Path) -> "Api":
        """An api process of that release, once it answers."""
        api = Api(folder, self.settings, ports.choose())
        self.begun.append(api)
        eventually(api.is_ready, within=400)
        self.feed.target = ("127.0.0.1", api.port)
        return api

    def bus(self, folder: Path) -> Process:
        """A bus process of that release."""
        process = Process(folder, "bus", self.settings, "flask", "--app", "services.shelf.app", "bus")
        self.begun.append(process)
        return process

    def complaints(self) -> list[str]:
        """What any process has complained of."""
        return [f"{process.name}: {line}" for process in self.begun for line in process.complaints()]

    def close(self) -> None:
        """Ends whatever still runs."""
        for process in self.begun:
            process.close()
        self.feed.close()


class Api(Process):
    """An api process, and a client for it."""

    def __init__(self, folder: Path, settings: dict[str, str], port: int):
        served = ["gunicorn", "services.shelf.app:create_app()", "--config", "services/gunicorn.conf.py"]
        served += ["--bind", f"127.0.0.1:{port}", "--workers", "1", "--worker-class", "gthread", "--threads", "4"]
        self.port = port
        super().__init__(folder, "api", settings, *served)

    def is_ready(self) -> bool:
        assert self._process.poll() is None, self.written.read_text()
        try:
            return self.ask("GET", "/readyz").ok
        except requests.ConnectionError:
            return False

    def ask(self, method: str, path: str, **more) -> requests.Response:
        return requests.request(method, f"http://127.0.0.1:{self.port}{path}", timeout=60, **more)

    def add(self, title: str, **more: str) -> str:
        """Notes a book; its id."""
        book = {"title": title, **more}

        def answered() -> list[requests.Response]:
            answer = self.ask("POST", "/v1/shelf/books", json=book)
            return [answer] if answer.status_code != 503 else []  # on a slow disk others may hold the database too long

        (answer,) = eventually(answered)
        assert answer.status_code == 201, answer.text
        return answer.json()["id"]

    def books(self) -> dict[str, dict]:
        """The books by their ids."""
        answer = self.ask("GET", "/v1/shelf/books")
        assert answer.status_code == 200, answer.text
        return {book["id"]: book for book in answer.json()}

    def heard(self) -> dict[str, list[dict]]:
        """What was heard of each book."""
        answer = self.ask("GET", "/v1/shelf/heard")
        assert answer.status_code == 200, answer.text
        found: dict[str, list[dict]] = {}
        for one in answer.json():
            found.setdefault(one["book_id"], []).append(one)
        return found
