"""What a static analyser (gixy) finds in the rendered configuration is mended, or justified here."""

import json
import re
import subprocess
import sys
from pathlib import Path

import pytest

from gateway.tests.rendering import image, one_machine
from quintet import binaries
from quintet.settings import OperatorSettings

GIXY = Path(sys.executable).parent / "gixy"
JUSTIFIED = {
    "add_header_redefinition headers.conf": "A part that a file does not have: its answer has these headers already, "
    "from before nginx looked at the range.",
    "host_spoofing proxy.conf": "The port must reach realtime, which compares Host with Origin; no service builds an "
    "address of it, and there is no name of the gateway's own that $host would hold a client to.",
    "try_files_is_evil_too docs.conf": "A page and two documents: the kernel's cache serves them, and a new one counts "
    "at once.",
    "nginx_cves upstreams.conf CVE-2026-93479": "No wheel holds the mended nginx (1.31.7) yet; until the lock can "
    "take one, the setting NGINX names one.",
}
"""Findings that stay, each with the reason."""
LEAK = "location /leak { alias /srv/; }\nlocation ~ ^/jump/(.*)$ { proxy_pass http://$1; }\n"


VARIANTS = ["plain", "tls", "image, plain", "image, tls"]


@pytest.fixture(params=VARIANTS)
def rendered(request, tmp_path) -> Path:
    """The configuration of the gateway with everything in it: of one machine and of the image, without TLS and with."""
    shape, _, listening = request.param.rpartition(", ")
    return image(tmp_path, listening) if shape else one_machine(tmp_path, listening)


def findings(folder: Path) -> set[str]:
    """What the analyser says of the configuration under the nginx that runs here: check, file, weakness if known."""
    told = subprocess.run([binaries.nginx(OperatorSettings()), "-v"], capture_output=True, text=True, check=True).stderr
    command = [GIXY, "-f", "json", "--nginx-version", re.search(r"[\d.]+$", told.strip())[0], folder / "nginx.conf"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.stdout.startswith("["), done.stderr
    return {_named(one) for one in json.loads(done.stdout)}


def _named(finding: dict) -> str:
    weakness = re.search(r"CVE-[\d-]+", finding["reason"])
    return " ".join([finding["plugin"], Path(finding["file"]).name, *([weakness[0]] if weakness else [])])


def test_nginx_takes_it(rendered):
    command = [binaries.nginx(OperatorSettings()), "-t", "-q", "-p", f"{rendered}/", "-c", "nginx.conf", "-e", "stderr"]
    text = (rendered / "nginx.conf").read_text()
    (rendered / "nginx.conf").write_text(re.sub(r"(pid|_temp_path) .*/", rf"\1 {rendered}/", text))
    done = subprocess.run(command, capture_output=True, text=True, cwd=rendered, check=False)
    assert done.returncode == 0, done.stderr


def test_whatever_the_analyser_finds_is_justified(rendered):
    assert findings(rendered) - set(JUSTIFIED) == set()


def test_whatever_is_justified_is_still_found_unless_another_nginx_runs(rendered):
    assert {one for one in set(JUSTIFIED) - findings(rendered) if not one.startswith("nginx_cves")} == set()


def test_a_way_out_of_a_folder_and_into_any_server_is_found(rendered):
    (rendered / "routes/leak.conf").write_text(LEAK)
    assert {"alias_traversal leak.conf", "ssrf leak.conf"} <= findings(rendered)
