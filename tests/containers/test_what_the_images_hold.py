"""What the images hold, file by file: the service's own code and what it needs, and nothing that is not to be there."""

import io
import json
import re
import subprocess
import tarfile
from dataclasses import dataclass
from functools import cache

import pytest
import yaml

from demo.containers import Containers, said, service_of
from demo.system import ROOT

SERVICES = ("auth", "data", "realtime", "mail", "worker")
IMAGES = (*SERVICES, "gateway", "mail-catcher", "operator")
HELD = {
    "gateway": set(),
    "mail-catcher": {"quintet", "shared"},
    "operator": {"quintet", "services", "shared", "docker-compose.yml", "docker-compose.tls.yml"},
    **{name: {"services", "shared"} for name in SERVICES},
}
"""What lies in /app. The operator's has the services' code to know which there are; it runs nothing of it."""
OF_SERVICES = ("argon2", "celery", "gevent", "PIL", "socketio")
"""What services need beyond `shared`, on which the operator's command stands too."""
ROOTS = {"operator": ""}
"""Whose user is root: the operator's reads others' files and gives them back to their owner (docs/decisions/0018)."""
MEGABYTES = {"gateway": 10, "mail-catcher": 10}
MOST_MEGABYTES = 170
"""How large an image may be beyond the one that it stands on; a cache or a compiler would be more."""
COMPILERS = re.compile(r"(.*-)?(cc|gcc|g\+\+|c\+\+|clang|cpp|ld|as|make|rustc|cargo|go)(-[\d.]+)?")
CACHES = re.compile(r"(^|/)(\.cache|pip-cache|uv-cache)(/|$)|^(?!usr/).*\.whl$|^build/|^root/\.(local|cargo)/")
PRIVATE_KEY = re.compile(rb"-----BEGIN [A-Z ]*PRIVATE KEY-----\s+[A-Za-z0-9+/]{40}")
SECRET_NAMES = re.compile("PASSWORD|SECRET|PRIVATE|_KEY|TOKEN")
PUBLIC = {"GPG_KEY"}
"""Named as a secret and none: by whose signature the public Python images were made."""


@dataclass(frozen=True)
class Image:
    """An image as it is run: its configuration, its files, and what lies in those that are ours."""

    config: dict
    paths: frozenset[str]
    executables: frozenset[str]
    ours: dict[str, bytes]


@cache
def opened(tag: str) -> Image:
    """The image, its file system read through a container that is never started."""
    config = json.loads(said("docker", "image", "inspect", tag))[0]
    container = said("docker", "create", tag).strip()
    try:
        with subprocess.Popen(["docker", "export", container], stdout=subprocess.PIPE) as export:
            paths, executables, ours = set(), set(), {}
            with tarfile.open(fileobj=io.BufferedReader(export.stdout), mode="r|") as archive:
                for entry in archive:
                    paths.add(entry.name)
                    if entry.mode & 0o111 and not entry.isdir():
                        executables.add(entry.name.rpartition("/")[2])
                    if entry.isfile() and entry.name.startswith(("app/", "etc/nginx/")):
                        ours[entry.name] = archive.extractfile(entry).read()
    finally:
        said("docker", "rm", container)
    return Image(config, frozenset(paths), frozenset(executables), ours)


@pytest.fixture(params=IMAGES)
def name(request) -> str:
    return request.param


@pytest.fixture
def image(system, name) -> Image:
    """The image that the container of that name runs, or would run: the operator's comes when it is asked for."""
    return opened(tag_of(system, name))


def tag_of(system: Containers, name: str) -> str:
    tags = {one["Config"]["Image"] for one in system.containers(name)}
    [tag] = tags or {f"quintet-{name}:{system.known.get('QUINTET_TAG', 'latest')}"}
    return tag


def test_no_image_holds_a_secret(system, image):
    secrets = [value for name, value in system.known.items() if SECRET_NAMES.search(name) and len(value) > 12]
    assert len(secrets) > 20
    everything = json.dumps(image.config).encode() + b"".join(image.ours.values())
    assert [value[:4] + "…" for value in secrets if value.encode() in everything] == []
    assert not PRIVATE_KEY.search(everything)
    assert [path for path in image.paths if path.rpartition("/")[2] in (".env", ".netrc", "pip.conf", ".git")] == []
    named = [one.partition("=")[0] for one in image.config["Config"]["Env"]]
    assert [one for one in named if SECRET_NAMES.search(one) and one not in PUBLIC] == []


def test_no_image_holds_a_compiler(image):
    assert [one for one in sorted(image.executables) if COMPILERS.fullmatch(one)] == []


def test_no_image_holds_a_cache_of_pip_or_what_it_was_built_with(image):
    assert [path for path in sorted(image.paths) if CACHES.search(path)][:10] == []


def test_no_image_holds_our_tests(image):
    ours = [path for path in image.ours if re.search(r"(^|/)(tests|testing|test_\w+\.py|conftest\.py)(/|$)", path)]
    assert ours == []


@pytest.mark.parametrize("service", SERVICES)
def test_an_image_holds_its_own_service_and_no_other(system, service):
    image = opened(tag_of(system, service))
    services = {path.split("/")[2] for path in image.ours if re.match(r"app/services/\w+/", path)}
    assert services - {"__pycache__"} == {service}


def test_an_image_holds_of_ours_what_it_runs_and_nothing_else(name, image):
    assert {path.split("/")[1] for path in image.ours if path.startswith("app/")} == HELD[name]


def test_the_operator_s_image_has_none_of_the_services_packages(system):
    packages = {path.rpartition("/site-packages/")[2] for path in opened(tag_of(system, "operator")).paths}
    assert [one for one in OF_SERVICES if one in packages] == []
    assert "psycopg" in packages


def test_an_image_says_what_it_is_who_runs_it_and_how_it_ends(name, image):
    config = image.config["Config"]
    assert config["User"] == ROOTS.get(name, "10001:10001")
    assert config["Labels"]["org.opencontainers.image.title"] == f"quintet-{name}"
    assert config["Labels"]["org.opencontainers.image.licenses"] == "MIT"
    assert config["StopSignal"] == ("SIGQUIT" if name == "gateway" else "SIGTERM")
    begins = [*(config["Entrypoint"] or []), *config["Cmd"]][0]
    assert begins not in ("/bin/sh", "sh"), "a shell would keep the signals to itself"


def test_an_image_is_no_larger_than_what_it_runs_takes(system, name, image):
    arguments = yaml.safe_load(system.compose("config"))["services"]["gateway"]["build"]["args"]
    base = arguments["NGINX_IMAGE" if name == "gateway" else "PYTHON_IMAGE"]
    beyond = image.config["Size"] - int(said("docker", "image", "inspect", "--format", "{{.Size}}", base))
    assert 0 < beyond < MEGABYTES.get(name, MOST_MEGABYTES) * 1e6


def test_every_image_of_ours_is_among_these(system):
    described = yaml.safe_load((ROOT / "docker-compose.yml").read_text())["services"].values()
    built = {one["image"].partition(":")[0] for one in described if "build" in one}
    assert built == {f"quintet-{name}" for name in IMAGES}
    tags = {service_of(one): one["Config"]["Image"] for one in system.containers()}
    run = {image.partition(":")[0] for name, image in tags.items() if name not in ("postgres", "redis")}
    assert run == built - {"quintet-operator"}
