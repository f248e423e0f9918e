"""Flask-RESTful, told to leave errors to the app and JSON to orjson."""

from typing import Any

import flask_restful
from flask import Response

from shared.web.shapes import to_json


class Resource(flask_restful.Resource):
    """What a URL names; its methods are declared with `endpoint`."""


class Api(flask_restful.Api):
    """The service's resources; every error goes through the app's problem rendering."""

    def __init__(self, app):
        super().__init__(app)
        self.representations = {"application/json": answer_as_json}

    def error_router(self, original_handler, error):
        """Gives every error to the app: its handlers answer problem+json."""
        return original_handler(error)

    def add_resource(self, resource, *urls: str, **options: Any) -> None:
        """Serves `resource` at `urls`; the same resource may be added again at others."""
        options.setdefault("endpoint", urls[0])
        super().add_resource(resource, *urls, **options)


def answer_as_json(answer: Any, status: int, headers: dict[str, str] | None = None) -> Response:
    """An answer as a JSON response."""
    return Response(to_json(answer), status, headers, mimetype="application/json")
