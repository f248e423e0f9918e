"""The OpenAPI 3.1 document of a service, read off its endpoints' declarations and their Pydantic models."""

import re
from collections.abc import Iterator
from typing import Any

import click
import orjson
from flask import Flask, Response
from pydantic import BaseModel
from pydantic.json_schema import models_json_schema
from werkzeug.routing import Rule

from shared.identity import problems as identity_problems
from shared.problems import Invalid as InvalidBody
from shared.problems import Problem, TooLarge, UnsupportedMediaType
from shared.web.declaring import Declaration
from shared.web.errors import IdempotencyKeyReused, InvalidIdempotencyKey, InvalidQuery, MalformedJson

REF = "#/components/schemas/{model}"
WRITING = {"POST", "PUT", "PATCH", "DELETE"}
SCHEMAS = {"id": {"type": "string", "format": "uuid"}, "int": {"type": "integer"}}
PROBLEM = {
    "type": "object",
    "required": ["type", "title", "status", "detail", "code"],
    "properties": {
        "type": {"type": "string"},
        "title": {"type": "string"},
        "status": {"type": "integer"},
        "detail": {"type": "string"},
        "code": {"type": "string", "description": "Stable; see the problem catalogue"},
        "request_id": {"type": "string"},
        "errors": {
            "type": "array",
            "items": {
                "type": "object",
                "properties": {"pointer": {"type": "string"}, "detail": {"type": "string"}},
            },
        },
    },
}


def init_app(app: Flask) -> None:
    """Adds GET /openapi.json and the command `openapi`, which prints the document."""

    @app.get("/openapi.json")
    def openapi() -> Response:
        return Response(orjson.dumps(document(app)), mimetype="application/json")

    @app.cli.command("openapi")
    def print_openapi() -> None:
        """Print the service's OpenAPI document."""
        click.echo(orjson.dumps(document(app), option=orjson.OPT_INDENT_2))


def document(app: Flask) -> dict[str, Any]:
    """The document of all that the gateway routes; what is internal is left out."""
    service = app.extensions["service"]
    endpoints = list(_endpoints(app))
    refs, schemas = models_json_schema(sorted(_models(endpoints), key=str), ref_template=REF)
    paths: dict[str, dict[str, Any]] = {}
    for rule, method, declaration in endpoints:
        path = re.sub(r"<(?:[^:<>]+:)?([^<>]+)>", r"{\1}", rule.rule)
        paths.setdefault(path, {})[method.lower()] = _operation(service, rule, method, declaration, refs)
    return {
        "openapi": "3.1.0",
        "info": {"title": f"Quintet: {service}", "version": "1"},
        "tags": [{"name": service}],
        "paths": paths,
        "components": {
            "schemas": {"Problem": PROBLEM, **schemas.get("$defs", {})},
            "securitySchemes": {"bearer": {"type": "http", "scheme": "bearer", "bearerFormat": "JWT"}},
        },
    }


def _endpoints(app: Flask) -> Iterator[tuple[Rule, str, Declaration]]:
    for rule in sorted(app.url_map.iter_rules(), key=lambda rule: rule.rule):
        view = getattr(app.view_functions[rule.endpoint], "view_class", None)
        if view is None or rule.rule.startswith("/internal/"):
            continue
        for method in sorted((rule.methods or set()) - {"HEAD", "OPTIONS"}):
            declaration = getattr(getattr(view, method.lower()), "declaration", None)
            if declaration:
                yield rule, method, declaration


def _is_model(one: Any) -> bool:
    return isinstance(one, type) and issubclass(one, BaseModel)


def _models(endpoints: list[tuple[Rule, str, Declaration]]) -> set[tuple[type[BaseModel], str]]:
    found: set[tuple[type[BaseModel], str]] = set()
    for _rule, _method, declaration in endpoints:
        if declaration.body:
            found.add((declaration.body, "validation"))
        if _is_model(declaration.answer):
            found.add((declaration.answer, "serialization"))
    return found


def _operation(service: str, rule: Rule, method: str, declaration: Declaration, refs: Any) -> dict[str, Any]:
    summary, _, rest = declaration.doc.partition("\n")
    operation: dict[str, Any] = {
        "operationId": _operation_id(method, rule),
        "tags": [service],
        "summary": summary.rstrip("."),
        "parameters": [
            *_path_parameters(rule),
            *_query_parameters(declaration),
            *_header_parameters(method, declaration),
        ],
        "responses": {str(declaration.status): _success(declaration, refs), **_failures(method, declaration)},
    }
    if rest.strip():
        operation["description"] = rest.strip()
    if declaration.body:
        schema = refs[(declaration.body, "validation")]
        kinds = getattr(declaration.body, "media_types", ("application/json",))
        operation["requestBody"] = {"required": True, "content": {kind: {"schema": schema} for kind in kinds}}
    if declaration.access != "anyone":
        operation["security"] = [{"bearer": []}] + ([{}] if declaration.access == "optional" else [])
    return operation


def _operation_id(method: str, rule: Rule) -> str:
    words = re.findall(r"[a-zA-Z0-9]+", re.sub(r"<(?:[^:<>]+:)?([^<>]+)>", r"by_\1", rule.rule))
    return "_".join([method.lower(), *words])


def _path_parameters(rule: Rule) -> list[dict[str, Any]]:
    found = re.findall(r"<(?:([^:<>]+):)?([^<>]+)>", rule.rule)
    return [
        {"name": name, "in": "path", "required": True, "schema": SCHEMAS.get(kind, {"type": "string"})}
        for kind, name in found
    ]


def _query_parameters(declaration: Declaration) -> list[dict[str, Any]]:
    if not declaration.query:
        return []
    schema = declaration.query.model_json_schema()
    required = schema.get("required", [])
    return [
        {"name": name, "in": "query", "required": name in required, "schema": one}
        for name, one in schema.get("properties", {}).items()
    ]


def _header_parameters(method: str, declaration: Declaration) -> list[dict[str, Any]]:
    if not _takes_key(method, declaration):
        return []
    schema = {"type": "string", "minLength": 1, "maxLength": 255}
    text = "The same key with the same body gives the stored answer again for 24 hours"
    return [{"name": "Idempotency-Key", "in": "header", "required": False, "description": text, "schema": schema}]


def _takes_key(method: str, declaration: Declaration) -> bool:
    return method in WRITING and declaration.takes_key


def _success(declaration: Declaration, refs: Any) -> dict[str, Any]:
    if declaration.status in (204, 304):
        return {"description": "Done; no content"}
    schema = refs[(declaration.answer, "serialization")] if _is_model(declaration.answer) else {}
    return {"description": "Done", "content": {"application/json": {"schema": schema}}}


def _failures(method: str, declaration: Declaration) -> dict[str, Any]:
    by_status: dict[int, list[type[Problem]]] = {}
    for problem in dict.fromkeys(_problems(method, declaration)):
        by_status.setdefault(problem.status, []).append(problem)
    return {str(status): _failure(problems) for status, problems in sorted(by_status.items())}


def _failure(problems: list[type[Problem]]) -> dict[str, Any]:
    lines = [f"`{one.code}`: {(one.__doc__ or '').strip().splitlines()[0]}" for one in problems]
    schema = {"$ref": REF.format(model="Problem")}
    return {"description": "\n\n".join(lines), "content": {"application/problem+json": {"schema": schema}}}


def _problems(method: str, declaration: Declaration) -> Iterator[type[Problem]]:
    if declaration.body:
        yield from (MalformedJson, UnsupportedMediaType, TooLarge, InvalidBody)
    if declaration.query:
        yield InvalidQuery
    if _takes_key(method, declaration):
        yield from (InvalidIdempotencyKey, IdempotencyKeyReused)
    if declaration.access != "anyone":
        names = ("TokenMissing", "TokenInvalid", "TokenExpired", "TokenRevoked")
        yield from (getattr(identity_problems, name) for name in names)
    if declaration.access == "admin":
        yield identity_problems.AdminsOnly
    if declaration.access == "operator":
        yield identity_problems.OperatorsOnly
    yield from declaration.problems
