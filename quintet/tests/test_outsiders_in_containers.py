"""Services outside of a system in containers: the operator's writes what realtime's reads, and leaves the key."""

import os

import pytest
import yaml
from click.testing import CliRunner

from quintet import files, service_commands
from quintet.containers.system import KEYS_FOLDER, ContainerSystem
from quintet.failing import Failed
from quintet.outsiders import Register
from quintet.state import ROOT

NOBODY = 65534


@pytest.fixture
def register(tmp_path) -> Register:
    for volume in ("outside", "outside-keys"):
        (tmp_path / volume).mkdir()
    return ContainerSystem({}, tmp_path / "work", root=tmp_path).outsiders


def typed(register: Register, *words: str):
    return CliRunner().invoke(lent(register), words, catch_exceptions=False)


def lent(register: Register):
    """The commands as the operator's container has them."""
    from click import group, pass_context

    @group()
    @pass_context
    def main(context):
        context.meta[service_commands.REGISTER] = register

    main.add_command(service_commands.service)
    return main


def test_the_operator_s_commands_make_a_service_known_and_change_and_forget_it(register):
    said = typed(register, "service", "add", "shop", "--reads", "data.*")
    assert said.output.endswith("for it alone: outside-keys/shop.pem\n")
    assert "PRIVATE" not in said.output
    assert "PRIVATE KEY" in register.key_file("shop").read_text()
    assert "reads shop.*, data.*" in typed(register, "service", "list").output
    assert "shop may read auth.* besides" in typed(register, "service", "grant", "shop", "auth.*").output
    assert register.known()["shop"]["reads"] == ["auth.*"]
    assert "known no longer" in typed(register, "service", "remove", "shop").output
    assert "There are none" in typed(register, "service", "list").output
    assert register.known() == {}


def test_the_list_can_be_read_by_realtime_s_user_and_the_key_by_its_folder_s_owner_alone(register):
    if os.geteuid() == 0:
        os.chown(register.keys, NOBODY, NOBODY)
    register.add("shop", [])
    assert register.file.stat().st_mode & 0o777 == 0o644
    key, folder = register.key_file("shop").stat(), register.keys.stat()
    assert (key.st_uid, key.st_gid, key.st_mode & 0o777) == (folder.st_uid, folder.st_gid, 0o600)


def test_two_who_write_the_list_do_not_cross(register):
    with files.locked(register.file.parent, "never seen"), pytest.raises(Failed, match="at work"):
        register.add("shop", [])
    register.add("shop", [])


def test_realtime_alone_reads_the_list_and_nobody_but_the_operator_writes_it_or_sees_keys():
    services = yaml.safe_load((ROOT / "docker-compose.yml").read_text())["services"]
    mounted = {name: [one for one in each.get("volumes", []) if "outside" in one] for name, each in services.items()}
    assert {name: volumes for name, volumes in mounted.items() if volumes} == {
        "realtime": ["outside-services:/outside:ro"],
        "operator": ["outside-services:/outside", f"${{OUTSIDE_KEYS_FOLDER:-{KEYS_FOLDER}}}:/outside-keys"],
    }
    assert services["realtime"]["environment"]["OUTSIDE_SERVICES_FILE"] == "/outside/services.json"
