"""The README's story, typed as it stands there: curl lines, then Python, against the real system."""

import re
import secrets
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from demo.mails import Mails, link_in

README = (Path(__file__).resolve().parents[2] / "README.md").read_text()


@pytest.fixture
def readme(in_our_hands, cast, tmp_path):
    """Gives the blocks of a section as typed on this system, with an address and a collection of our own."""
    system, tag = in_our_hands, secrets.token_hex(4)
    password = tmp_path / "admin_password"  # of containers it stands in .env
    password.write_text(system.admin_password)
    yours = {"http://127.0.0.1:8080": system.url, "admin@example.com": system.admin_email}
    yours["var/secrets/admin_password"] = str(password)
    mine = {"ada@example.com": f"ada-{tag}@example.com", "places": f"places_{tag}"}

    def typed(section: str, language: str = "") -> list[str]:
        text = README.split(f"## {section}\n")[1].split("\n## ")[0]
        for written, meant in (yours | mine).items():
            text = text.replace(written, meant)
        return re.findall(rf"^```{language}\n(.*?)^```", text, re.MULTILINE | re.DOTALL)

    typed.address = mine["ada@example.com"]
    yield typed
    cast.admin.api.ask("DELETE", f"/v1/data/collections/{mine['places']}")


def test_the_story_happens_as_the_readme_tells_it(in_our_hands, readme):
    if shutil.which("curl") is None:
        pytest.skip("there is no curl here")
    registering, *signed_in = readme("The story, with curl")
    shell(registering)
    mail = Mails(in_our_hands.mails_url).wait_for(readme.address, "/v1/auth/verifications/")
    shell(f"curl -s '{link_in(mail, '/v1/auth/verifications/')}'")
    said = shell("\n".join(block for block in signed_in if "bin/quintet" not in block))
    assert said.count('"name":"Juneau"') == 2  # as the answer to writing it, and in the list

    (program,) = readme("The story, with Python", "python")
    said = run([sys.executable, "-c", program])
    assert "created" in said
    assert "Nome" in said


def shell(lines: str) -> str:
    """What the lines say; they must succeed, HTTP status included."""
    return run(["sh", "-euc", lines.replace("curl -s ", "curl -sS --fail-with-body ")])


def run(command: list[str]) -> str:
    done = subprocess.run(command, capture_output=True, text=True, timeout=300)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout
