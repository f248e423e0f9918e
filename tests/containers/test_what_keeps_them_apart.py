"""No service reaches another's data, and nobody reaches more than he needs: attempts from inside, each refused."""

import json

import pytest

from demo.containers import said, service_of
from tests.containers import probing

SERVICES = ("auth", "data", "realtime", "mail", "worker")
OURS = [*SERVICES, *(f"{name}-bus" for name in SERVICES), "mail-tasks", "worker-tasks", "beat"]
PUBLISHED = {"gateway", "mail-catcher"}
LEADS_OUT = {"gateway", "mail-tasks", "mail-catcher"}


@pytest.mark.parametrize("service", SERVICES)
def test_a_service_s_role_enters_its_own_database_and_no_other(system, service):
    said = probing.databases(system, service, [*SERVICES, "postgres", "template1"])
    assert said.pop(service) == f"connected as {service}"
    assert [name for name, answer in said.items() if "permission denied for database" not in answer] == []


def test_a_service_s_role_is_no_superuser_and_makes_no_roles_databases_or_programs(system):
    wanted = ["CREATE ROLE intruder", "CREATE DATABASE another", "SELECT * FROM pg_authid", "SET ROLE postgres"]
    wanted += ["COPY (SELECT 1) TO PROGRAM 'true'", "SELECT pg_read_file('PG_VERSION')"]
    said = probing.statements(system, "data", wanted)
    assert said == dict.fromkeys(wanted, "42501"), "42501 is: insufficient privilege"


@pytest.mark.parametrize("service", SERVICES)
def test_a_service_s_redis_user_touches_no_other_s_keys(system, service):
    others = [name for name in SERVICES if name != service]
    taken = [("SET", f"{name}:mark", "1") for name in others] + [("GET", f"{name}:mark") for name in others]
    taken += [("SET", f"bus:last:{name}", "{}") for name in others] + [("DEL", f"bus:poke:{name}") for name in others]
    assert probing.redis(system, service, taken) == ["refused"] * len(taken)
    own = [("SET", f"{service}:mark", "1", "EX", "5"), ("GET", f"bus:last:{others[0]}"), ("XLEN", "bus:0")]
    assert probing.redis(system, service, own) == ["done"] * len(own)


def test_a_service_s_redis_user_has_no_command_that_looks_at_the_server_or_changes_it(system):
    wanted = [("FLUSHALL",), ("FLUSHDB",), ("KEYS", "*"), ("CONFIG", "GET", "*"), ("ACL", "LIST"), ("SHUTDOWN",)]
    wanted += [("CLIENT", "LIST"), ("MONITOR",), ("SAVE",), ("REPLICAOF", "other", "1")]
    wanted += [("SWAPDB", "0", "1"), ("PUBLISH", "channel", "x"), ("FUNCTION", "FLUSH"), ("SCAN", "0"), ("RANDOMKEY",)]
    assert probing.redis(system, "worker", wanted) == ["refused"] * len(wanted)


def test_nobody_gets_into_redis_without_a_name(system):
    said = system.run_in("redis", "redis-cli", "ping")
    assert said.startswith("NOAUTH")


def test_only_the_gateway_and_the_catcher_of_the_dev_profile_are_published_and_on_loopback_alone(system):
    bound = {service_of(one): one["HostConfig"]["PortBindings"] for one in system.containers()}
    assert {name for name, ports in bound.items() if ports} == PUBLISHED
    addresses = {binding["HostIp"] for ports in bound.values() for one in (ports or {}).values() for binding in one}
    assert addresses == {"127.0.0.1"}


def test_who_neither_is_the_gateway_nor_sends_mail_is_on_internal_networks_alone(system):
    attached = {service_of(one): {*one["NetworkSettings"]["Networks"]} for one in system.containers()}
    told = json.loads(said("docker", "network", "inspect", *sorted(set().union(*attached.values()))))
    leads_out = {one["Name"] for one in told if not one["Internal"]}
    assert {name for name, networks in attached.items() if networks & leads_out} == LEADS_OUT
    assert {name for name, networks in attached.items() if f"{system.project}_edge" in networks} == {"gateway"}


@pytest.mark.parametrize("name", OURS)
def test_a_container_runs_as_nobody_special_on_a_file_system_it_can_not_write(system, name):
    found = probing.surroundings(system, name)
    assert found["wrote"] == "Read-only file system"
    has_files = name in {"data", "data-bus", "worker", "worker-tasks"}
    assert {*found["writable"]} - {"/dev/shm", "/dev/mqueue"} == {"/tmp"} | ({"/files"} if has_files else set())
    status = found["status"]
    assert set(status["Uid"].split()) == {"10001"}
    assert {status[held] for held in ("CapEff", "CapPrm", "CapBnd", "CapAmb")} == {"0" * 16}
    assert status["NoNewPrivs"] == "1"


@pytest.mark.parametrize("name", ["gateway", "postgres"])
def test_a_server_that_is_not_ours_is_not_root_either(system, name):
    uid = system.run_in(name, "sh", "-c", "grep ^Uid: /proc/1/status").split()[1:]
    assert "0" not in uid


def test_redis_has_no_capability_but_to_become_nobody_special(system):
    """Its image may step down by itself or not."""
    held = int(system.run_in("redis", "sh", "-c", "grep ^CapBnd: /proc/1/status").split()[1], 16)
    names = {"CHOWN": 0, "DAC_OVERRIDE": 1, "SETGID": 6, "SETUID": 7}
    assert held == sum(1 << number for number in names.values())
