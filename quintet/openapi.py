"""Merges the services' OpenAPI documents into the one that the gateway serves."""

import ast
import json
from typing import Any

from quintet.state import ROOT

METHODS = ("get", "put", "post", "patch", "delete")


def merge(documents: dict[str, dict[str, Any]], *, server: str) -> dict[str, Any]:
    """One document of all; a component that two services describe differently gets its service's name in front."""
    merged: dict[str, Any] = {"openapi": "3.1.0", "info": _info(), "servers": [{"url": server}]}
    merged |= {"tags": [], "paths": {}, "components": {}}
    for service, document in documents.items():
        own = _renamed(document, _clashes(merged["components"], document.get("components", {})), service)
        for group, components in own.get("components", {}).items():
            merged["components"].setdefault(group, {}).update(components)
        merged["paths"].update(_tagged(own.get("paths", {}), service))
        merged["tags"].append({"name": service, "description": _purpose(service)})
    return merged


def _info() -> dict[str, str]:
    introduction = (ROOT / "gateway/introduction.md").read_text()
    return {"title": "Quintet", "version": "1", "summary": "One backend of five services", "description": introduction}


def _purpose(service: str) -> str:
    """What the service says of itself at the head of its package."""
    package = ROOT / f"services/{service}/__init__.py"
    return (ast.get_docstring(ast.parse(package.read_text())) or "").removeprefix(f"{service}: ")


def _clashes(known: dict[str, dict], new: dict[str, dict]) -> set[tuple[str, str]]:
    return {
        (group, name)
        for group, components in new.items()
        for name, component in components.items()
        if name in known.get(group, {}) and known[group][name] != component
    }


def _renamed(document: dict[str, Any], clashes: set[tuple[str, str]], service: str) -> dict[str, Any]:
    text = json.dumps(document)
    for group, name in clashes:
        old, new = f"#/components/{group}/{name}", f"#/components/{group}/{service.title()}{name}"
        text = text.replace(f'"{old}"', f'"{new}"')
    renamed = json.loads(text)
    for group, name in clashes:
        renamed["components"][group][f"{service.title()}{name}"] = renamed["components"][group].pop(name)
    return renamed


def _tagged(paths: dict[str, Any], service: str) -> dict[str, Any]:
    """Public paths alone, each operation under its service's name."""
    public = {path: item for path, item in paths.items() if path.startswith(("/v1/", "/.well-known/"))}
    for item in public.values():
        for method in METHODS:
            if method in item:
                item[method]["tags"] = [service]
    return public
