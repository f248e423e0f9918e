"""The .env of the containers: everything generated, nothing defaulted, and what stands in it stays."""

import json
import re

import pytest
from dotenv import dotenv_values

from quintet import envfile, files
from quintet.failing import Failed
from quintet.keys import public_half
from quintet.settings import ContainerSettings
from quintet.state import ROOT, SERVICES
from shared.testing.certificates import pair_for


def written(tmp_path, **settings):
    file = tmp_path / ".env"
    envfile.write(file, {name.upper(): str(value) for name, value in settings.items()})
    return file, dotenv_values(file, interpolate=False)


def test_the_file_is_the_owners_alone(tmp_path):
    file, _ = written(tmp_path)
    assert file.stat().st_mode & 0o777 == 0o600


def test_all_that_compose_asks_for_is_there(tmp_path):
    _, values = written(tmp_path)
    asked = set(re.findall(r"\$\{(\w+):\?", (ROOT / "docker-compose.yml").read_text()))
    assert asked - set(values) == set()
    assert [name for name in asked if not values[name]] == []


def test_a_second_run_changes_nothing(tmp_path, monkeypatch):
    for name in ("PYTHON_IMAGE", "NGINX_IMAGE", "REDIS_IMAGE", "POSTGRES_IMAGE"):
        monkeypatch.setenv(name, "some-image:1")
    monkeypatch.setenv("MAX_UPLOAD_BYTES", "50000000")
    file, _ = written(tmp_path)
    before = file.read_bytes()
    assert envfile.write(file) == []
    assert file.read_bytes() == before


def test_no_two_systems_share_a_secret(tmp_path):
    (tmp_path / "a").mkdir()
    (tmp_path / "b").mkdir()
    first, second = written(tmp_path / "a")[1], written(tmp_path / "b")[1]
    secrets = [name for name in first if re.search("PASSWORD|SECRET|KEY|HASH", name) and first[name]]
    assert len(secrets) > 20
    assert [name for name in secrets if first[name] == second[name]] == []


def test_what_the_operator_wrote_stays_and_what_follows_from_it_is_made_anew(tmp_path):
    file, _ = written(tmp_path)
    text = file.read_text()
    text = re.sub("PUBLIC_URL=.*", "PUBLIC_URL='https://api.example.com'", text)
    file.write_text(re.sub("CORS_ORIGINS=.*", "CORS_ORIGINS='https://app.example.com'", text))
    envfile.write(file)
    values = dotenv_values(file, interpolate=False)
    assert values["PUBLIC_URL"] == "https://api.example.com"
    assert re.fullmatch(values["CORS_PATTERN"], "https://app.example.com")
    assert not re.fullmatch(values["CORS_PATTERN"], "https://appxexample.com")


def test_each_private_key_has_its_public_half_told(tmp_path):
    _, values = written(tmp_path)
    told = json.loads(values["SERVICE_PUBLIC_KEYS"])
    assert {name: public_half(values[f"{name.upper()}_SERVICE_KEY"]) for name in told} == told
    assert set(told) == {*SERVICES, "operator"}


def test_a_real_mail_server_leaves_the_catcher_out(tmp_path):
    _, values = written(tmp_path, smtp_host="smtp.example.com")
    assert (values["SMTP_HOST"], values["COMPOSE_PROFILES"]) == ("smtp.example.com", "")


def test_a_certificate_is_laid_where_the_gateway_s_container_reads_it_and_compose_told(tmp_path):
    pair = pair_for(tmp_path / "given", "127.0.0.1")
    file, values = written(tmp_path, tls_certificate=pair.certificate, tls_key=pair.key)
    assert (values["PUBLIC_URL"], values["COMPOSE_FILE"]) == (
        "https://127.0.0.1:8443",
        "docker-compose.yml:docker-compose.tls.yml",
    )
    folder = tmp_path / "tls"
    assert (folder / "gateway/key.pem").read_text() == pair.key.read_text()
    assert (folder / "gateway/key.pem").stat().st_mode & 0o777 == 0o444  # for the container's user
    assert folder.stat().st_mode & 0o777 == 0o700  # and for nobody else here

    file.write_text(re.sub("TLS_(CERTIFICATE|KEY)=.*", r"TLS_\1=", file.read_text()))
    envfile.write(file)
    assert "COMPOSE_FILE" not in dotenv_values(file)


def test_files_of_the_operator_s_own_stay_beside_the_one_of_tls(tmp_path):
    pair = pair_for(tmp_path / "given", "127.0.0.1")
    (tmp_path / "docker-compose.override.yml").write_text("services: {}")
    settings = {"tls_certificate": pair.certificate, "tls_key": pair.key}
    file, values = written(tmp_path, **settings)
    assert values["COMPOSE_FILE"] == "docker-compose.yml:docker-compose.tls.yml:docker-compose.override.yml"
    file.write_text(re.sub("COMPOSE_FILE=.*", "COMPOSE_FILE=a.yml:b.yml", file.read_text()))
    assert written(tmp_path, **settings)[1]["COMPOSE_FILE"] == "a.yml:docker-compose.tls.yml:b.yml"


def test_a_renewed_certificate_takes_the_place_of_the_one_before(tmp_path):
    pair = pair_for(tmp_path / "given", "127.0.0.1")
    file, _ = written(tmp_path, tls_certificate=pair.certificate, tls_key=pair.key)
    renewed, told = pair_for(tmp_path / "given", "127.0.0.1"), []
    envfile.write(file, say=told.append)
    envfile.write(file, say=told.append)
    assert ["kill -s HUP gateway" in one for one in told] == [True]  # once
    assert (tmp_path / "tls/gateway/certificate.pem").read_text() == renewed.certificate.read_text()


def test_proxies_that_are_trusted_are_told_in_nginx_s_words(tmp_path):
    _, values = written(tmp_path, trusted_proxies="10.0.0.0/8, fd00::1")
    assert values["REAL_IP_FROM"] == "set_real_ip_from 10.0.0.0/8; set_real_ip_from fd00::1;"
    assert values["PROXY_NETWORKS"] == "10.0.0.0/8 1; fd00::1 1;"


@pytest.mark.parametrize("wrong", ["10.0.0.300", "10.0.0.1/8", "proxy.example", "10.0.0.0/8; return 200 x"])
def test_a_proxy_that_is_no_address_is_refused(tmp_path, wrong):
    with pytest.raises(Failed, match="TRUSTED_PROXIES"):
        written(tmp_path, trusted_proxies=wrong)


def test_every_setting_of_compose_that_the_environment_gives_is_taken_in(tmp_path, monkeypatch):
    monkeypatch.setenv("GATEWAY_ADDRESS", "0.0.0.0:9090")
    monkeypatch.setenv("MAX_UPLOAD_BYTES", "50000000")
    monkeypatch.setenv("COMPOSE_PROJECT_NAME", "shop")
    _, values = written(tmp_path)
    told = {"GATEWAY_ADDRESS": "0.0.0.0:9090", "MAX_UPLOAD_BYTES": "50000000", "COMPOSE_PROJECT_NAME": "shop"}
    assert values.items() >= {**told, "PUBLIC_URL": "http://127.0.0.1:9090"}.items()
    monkeypatch.setenv("GATEWAY_ADDRESS", "0.0.0.0:7070")
    assert written(tmp_path)[1] == values  # what stands there stays


def test_a_secret_that_was_left_empty_is_made(tmp_path):
    file, values = written(tmp_path)
    file.write_text(re.sub("(POSTGRES_PASSWORD|CORS_ORIGINS)=.*", r"\1=", file.read_text()))
    assert envfile.write(file) == ["POSTGRES_PASSWORD"]
    again = dotenv_values(file, interpolate=False)
    assert again["POSTGRES_PASSWORD"] not in ("", values["POSTGRES_PASSWORD"])
    assert again["CORS_ORIGINS"] == ""  # which may be: nobody's pages


@pytest.mark.parametrize(
    ("name", "wrong"),
    [
        ("LOG_LEVEL", "LOUD"),
        ("SMTP_PORT", "submission"),
        ("PUBLIC_URL", "api.example.com"),
        ("PUBLIC_URL", "https://api.example.com; return"),
        ("GATEWAY_ADDRESS", "127.0.0.1"),
        ("MAX_BODY_BYTES", "1m"),
        ("COMPOSE_PROJECT_NAME", "My shop"),
    ],
)
def test_a_line_that_can_not_be_is_named_and_nothing_is_written(tmp_path, name, wrong):
    file, _ = written(tmp_path)
    file.write_text(f"{file.read_text()}{name}={wrong!r}\n")
    before = file.read_text()
    with pytest.raises(Failed, match=name):
        envfile.write(file)
    assert file.read_text() == before


@pytest.mark.parametrize("value", ["Ada's shop <a@example.com>", 'the "shop" <a@example.com>', "$HOME # it", "a\\b"])
def test_a_value_is_read_again_as_it_was_given(tmp_path, value):
    file, values = written(tmp_path, mail_from=value)
    assert values["MAIL_FROM"] == value
    assert envfile.write(file) == []
    assert dotenv_values(file, interpolate=False)["MAIL_FROM"] == value


@pytest.mark.parametrize("value", ["it's $5", 'it\'s "so"', "two\nlines", "a\\\\b", "ends\\"])
def test_a_value_that_the_file_can_not_hold_is_refused(tmp_path, value):
    with pytest.raises(Failed, match="SMTP_PASSWORD"):
        written(tmp_path, smtp_password=value)


def test_what_compose_takes_where_a_line_is_missing_is_what_the_settings_say():
    fields = ContainerSettings.model_fields
    taken = {name: default for name, default in envfile.defaulted().items() if default and name.lower() in fields}
    assert {name: str(fields[name.lower()].default) for name in taken} == taken
    assert len(taken) > 10


@pytest.mark.parametrize("name", ["backups", "outside-keys"])
def test_the_folders_of_archives_and_of_keys_are_there_and_the_owner_s_alone(tmp_path, name):
    written(tmp_path)
    assert (tmp_path / name).stat().st_mode & 0o777 == 0o700


def test_a_checkout_under_a_narrow_umask_is_opened_as_far_as_a_container_reads_it(tmp_path):
    (tmp_path / "script.sh").touch(mode=0o600)
    files.let_all_read(tmp_path / "script.sh")
    assert (tmp_path / "script.sh").stat().st_mode & 0o777 == 0o644


def test_a_folder_that_is_not_there_is_said(tmp_path):
    with pytest.raises(Failed, match="no folder"):
        envfile.write(tmp_path / "nowhere" / ".env")
