"""Opens the gateway in front of a system, and turns it to other instances while it runs."""

import json
import time

import psutil

from quintet import binaries, certificates, environment, files, gateway, openapi, readiness, supervision
from quintet.failing import Failed
from quintet.processes import instances
from quintet.settings import OperatorSettings
from quintet.state import ROOT, SERVICES, Shape, State
from quintet.supervision import Supervisor


def prepare(state: State, shape: Shape, settings: OperatorSettings) -> bool:
    """Renders what nginx reads and serves; False when its configuration is what it was."""
    gateway.publish(state.path("public"))
    _merge_documents(state, shape, settings)
    files.write(state.path("public", "asyncapi.json"), (ROOT / "docs/asyncapi.json").read_text(), mode=0o644)
    described = gateway.described_by(
        settings,
        port=shape.port,
        instances={service: _addresses(service, shape) for service in SERVICES},
        user=gateway.worker_user(settings, state.folder),
        public_url=environment.public_url(shape, settings),
        listening="tls" if shape.tls else "plain",
        open_files=supervision.open_files(),
    )
    state.path("run", "nginx").mkdir(exist_ok=True)
    changed = gateway.render(described, state.path("run", "gateway"))
    gateway.check(binaries.nginx(settings), state.folder, supervision.base_environment(state))
    return changed


def lay_certificate(state: State, shape: Shape, settings: OperatorSettings) -> bool:
    """Puts the operator's certificate where nginx reads it; False when it is there already, or there is none."""
    if not shape.tls:
        return False
    url = environment.public_url(shape, settings)
    return certificates.lay(settings.tls_certificate, settings.tls_key, state.path("tls"), public_url=url)


def _addresses(service: str, shape: Shape) -> list[str]:
    return [f"127.0.0.1:{shape.ports[name]}" for name in instances(service, shape)]


def reload(supervisor: Supervisor, within: float) -> None:
    """Has nginx read its configuration anew and returns when its new workers serve."""
    master = psutil.Process(supervisor.processes()["gateway"]["pid"])
    before = {worker.pid for worker in master.children()}
    supervisor.signal("gateway", "HUP")
    deadline = time.monotonic() + within
    while not {worker.pid for worker in master.children()} - before:
        if time.monotonic() > deadline:
            raise Failed("The gateway did not take its new configuration; see log/gateway.txt.")
        time.sleep(0.02)


def _merge_documents(state: State, shape: Shape, settings: OperatorSettings) -> None:
    documents = {}
    for service in SERVICES:
        status, body = readiness.answers(shape.ports[service], "/openapi.json", timeout=60)
        if status != 200:
            raise Failed(f"{service} does not give its OpenAPI document (status {status}).")
        documents[service] = json.loads(body)
    merged = openapi.merge(documents, server=environment.public_url(shape, settings))
    files.write(state.path("public", "openapi.json"), json.dumps(merged), mode=0o644)
