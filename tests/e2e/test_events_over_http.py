"""Services outside, as docs/events-over-http.md has them: typed from its page, through the gateway."""

import re
import shutil
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
PAGE = (ROOT / "docs/events-over-http.md").read_text()


@pytest.fixture
def typed(in_our_hands, cast, tmp_path):
    """Gives the blocks of a language as they are typed on this system, and takes the shop away in the end."""
    system = in_our_hands
    meant = {"http://127.0.0.1:8080": system.url, "var/secrets": f"{system.state}/secrets"}
    meant["bin/quintet service add"] = f"{ROOT}/bin/quintet service add --state {system.state}"

    def typed(language: str) -> list[str]:
        text = PAGE
        for written, here in meant.items():
            text = text.replace(written, here)
        return re.findall(rf"^```{language}\n(.*?)^```", text, re.MULTILINE | re.DOTALL)

    yield typed
    run(tmp_path, str(ROOT / "bin/quintet"), "service", "remove", "--state", str(system.state), "shop")


def test_a_service_outside_tells_and_reads_as_the_page_says(typed, admin, tmp_path):
    for program in ("curl", "openssl"):
        if shutil.which(program) is None:
            pytest.skip(f"there is no {program} here")
    said = run(tmp_path, "sh", "-euc", f"ADMIN={admin.api.token}\n" + fails_on_problems("\n".join(typed("sh"))))
    assert '{"accepted":["order-7-placed"]}' in said
    assert said.count('"id":"order-7-placed"') == 2  # in the page of events, and in the stream
    assert "retry: 1000" in said
    if shutil.which("node"):
        (tmp_path / "reader.mjs").write_text(typed("js")[0])
        assert run(tmp_path, "node", "reader.mjs") == "order-7-placed 4200\n"


def fails_on_problems(lines: str) -> str:
    return lines.replace("curl -s ", "curl -sS --fail-with-body ")


def run(folder: Path, *command: str) -> str:
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, timeout=90)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout
