"""The gateway's configuration as each shape of the system has it, for who only looks at it."""

import re
from pathlib import Path
from string import Template

import yaml
from dotenv import dotenv_values

from quintet import certificates, envfile, gateway, gateway_image
from quintet.settings import OperatorSettings
from quintet.state import ROOT, SERVICES
from shared.testing.certificates import pair_for


def one_machine(folder: Path, listening: str) -> Path:
    """The configuration of `make up` with everything in it, below a folder."""
    origins = "https://app.example,http://localhost:*"
    settings = OperatorSettings(cors_origins=origins, trusted_proxies="10.0.0.0/8", http_port=8081)
    names = ("auth", "data", "realtime", "mail", "worker", "greeter")
    instances = {name: [f"127.0.0.1:{port}", f"127.0.0.1:{port + 100}"] for port, name in enumerate(names, 9000)}
    more = {"user": "nobody nogroup", "listening": listening, "public_url": "https://api.example"}
    gateway.render(gateway.described_by(settings, port=8080, instances=instances, **more), folder)
    _lay_certificate(folder / "../../tls", folder)
    return folder


def image(folder: Path, listening: str) -> Path:
    """As the image's entry point leaves it, with what `make env` writes filled in."""
    gateway_image.main(folder, " ".join(SERVICES))
    envfile.write(folder / "env", {"TRUSTED_PROXIES": "10.0.0.0/8,fd00::/8"})
    values = _passed_by_compose(dotenv_values(folder / "env", interpolate=False), listening)
    (folder / "conf.d").mkdir()
    for template in (folder / "templates").iterdir():
        filled = Template(template.read_text()).safe_substitute(values)
        assert "${" not in filled
        (folder / "conf.d" / template.stem).write_text(filled)
    _lay_certificate(folder / "tls", folder)
    return folder


def _passed_by_compose(values: dict[str, str], listening: str) -> dict[str, str]:
    """The gateway's environment in a container."""
    names = ["docker-compose.yml", *(["docker-compose.tls.yml"] if listening == "tls" else [])]
    files = [yaml.safe_load((ROOT / name).read_text()) for name in names]
    passed = {name: str(text) for file in files for name, text in file["services"]["gateway"]["environment"].items()}
    given = re.compile(r"\$\{(\w+):[-?]([^}]*)\}")
    return {name: given.sub(lambda one: values.get(one[1], one[2]), text) for name, text in passed.items()}


def _lay_certificate(place: Path, folder: Path) -> None:
    pair = pair_for(folder / "given", "api.example")
    certificates.lay(pair.certificate, pair.key, place, public_url="https://api.example")
