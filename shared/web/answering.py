"""Turns what an endpoint returns into its response."""

from typing import Any
from urllib.parse import urlencode

from flask import Response, request
from werkzeug.urls import iri_to_uri

from shared.web.pages import Page
from shared.web.shapes import to_json


def to_response(result: Any, status: int) -> Response:
    """A response of: a model or plain data, that and a dict of headers, a Response, or None (no content)."""
    if isinstance(result, Response):
        return result
    headers: dict[str, str] = {}
    if isinstance(result, tuple):
        result, headers = result
    if result is None:
        return Response(status=status if status in (205, 304) else 204, headers=headers)
    response = Response(to_json(result), status, headers, mimetype="application/json")
    if isinstance(result, Page) and result.next:
        response.headers["Link"] = _link_to(result.next)
    return response


def _link_to(cursor: str) -> str:
    others = [(name, value) for name, value in request.args.items(multi=True) if name != "cursor"]
    return f'<{iri_to_uri(request.path)}?{urlencode([*others, ("cursor", cursor)])}>; rel="next"'
