"""Writes the merged OpenAPI document that the gateway's image serves: `python -m tests.contracts.merged FILE`."""

import json
import sys
import tempfile
from pathlib import Path

from flask import Flask

from quintet import openapi
from shared.web.openapi import document
from tests.contracts.apps import SETTINGS, make_app

SERVER = "/"


def merged_text(apps: dict[str, Flask]) -> str:
    """The document of all services, as gateway/openapi.json holds it."""
    documents = {service: document(app) for service, app in apps.items()}
    return json.dumps(openapi.merge(documents, server=SERVER), ensure_ascii=False) + "\n"


def main() -> None:
    """Writes it to the file that the first argument names; the apps' own logs go to standard output."""
    with tempfile.TemporaryDirectory() as folder:
        apps = {cls.service: make_app(cls, Path(folder)) for cls in SETTINGS}
        Path(sys.argv[1]).write_text(merged_text(apps))


if __name__ == "__main__":
    main()
