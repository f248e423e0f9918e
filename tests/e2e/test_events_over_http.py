"""Services outside, as docs/events-over-http.md has them: typed from its page, through the gateway."""

import re
import shlex
import shutil
import subprocess
import time
from pathlib import Path

import jwt
import pytest
import requests

from demo.containers import Containers
from demo.system import ROOT, System

PAGE = (ROOT / "docs/events-over-http.md").read_text()
LISTENING = "--max-time 2"


@pytest.fixture
def typed(in_our_hands, cast):
    """Gives the blocks of a language as they are typed on this system, and takes the shop away in the end."""
    system = in_our_hands
    meant = {"http://127.0.0.1:8080": system.url, "var/secrets": keys_folder(system), "bin/quintet": "operator"}

    def typed(language: str) -> list[str]:
        text = PAGE
        for written, here in meant.items():
            text = text.replace(written, here)
        return re.findall(rf"^```{language}\n(.*?)^```", text, re.MULTILINE | re.DOTALL)

    yield typed
    if "shop" in system.operate("service", "list"):
        system.operate("service", "remove", "shop")


def keys_folder(system: System) -> str:
    """Where the operator's command leaves the private keys of services outside."""
    return system.known["OUTSIDE_KEYS_FOLDER"] if isinstance(system, Containers) else f"{system.state}/secrets"


def operator(system: System) -> str:
    """The operator's command as a function of the shell."""
    before, after = (shlex.join(part) for part in split(system.operator("WORDS")))
    return f'operator() {{ (cd {shlex.quote(str(ROOT))} && {before} "$@" {after}); }}\n'


def split(command: list[str]) -> tuple[list[str], list[str]]:
    """What stands before the words of a command line, and what after them."""
    at = command.index("WORDS")
    return command[:at], command[at + 1 :]


def test_a_service_outside_tells_and_reads_as_the_page_says(typed, system, admin, tmp_path):
    for program in ("curl", "openssl"):
        if shutil.which(program) is None:
            pytest.skip(f"there is no {program} here")
    prelude = f"{operator(system)}ADMIN={admin.api.token}\n"
    said = run(tmp_path, "sh", "-euc", prelude + fails_on_problems(listens_longer("\n".join(typed("sh")))))
    assert "PRIVATE KEY" not in said
    assert '{"accepted":["order-7-placed"]}' in said
    assert said.count('"id":"order-7-placed"') == 2  # in the page of events, and in the stream
    assert "retry: 1000" in said
    if shutil.which("node"):
        (tmp_path / "reader.mjs").write_text(typed("js")[0])
        assert run(tmp_path, "node", "reader.mjs") == "order-7-placed 4200\n"


def test_a_key_opens_and_shuts_the_doors_at_once_and_nobody_is_started_anew(in_our_hands):
    system, before = in_our_hands, in_our_hands.instances("realtime")
    said = system.operate("service", "add", "stall")
    file = Path(keys_folder(system), "stall.pem")
    try:
        assert file.name in said
        key = file.read_text()
        assert reading(system, key) == 200
    finally:
        system.operate("service", "remove", "stall")
    assert reading(system, key) == 401
    assert not file.exists()
    assert system.instances("realtime") == before


def reading(system: System, key: str) -> int:
    """The status that a service with this key is answered with where it asks for events."""
    now = int(time.time())
    claims = {"iss": "stall", "aud": "realtime", "type": "service", "iat": now, "exp": now + 60}
    token = jwt.encode(claims, key, algorithm="EdDSA")
    url = f"{system.url}/v1/events"
    return requests.get(url, headers={"Authorization": f"Bearer {token}"}, timeout=90).status_code


def fails_on_problems(lines: str) -> str:
    return lines.replace("curl -s ", "curl -sS --fail-with-body ")


def listens_longer(lines: str) -> str:
    """A stream on a busy machine begins later than on the reader's."""
    assert lines.count(LISTENING) == 1
    return lines.replace(LISTENING, "--max-time 10")


def run(folder: Path, *command: str) -> str:
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, timeout=300)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout
