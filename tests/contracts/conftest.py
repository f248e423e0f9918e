"""The five apps, made anew for each module: in one process every service has but one database at a time."""

import pytest
from flask import Flask

from tests.contracts.apps import SETTINGS, Route, make_app, routes_of


@pytest.fixture(scope="module")
def apps(tmp_path_factory) -> dict[str, Flask]:
    """Each service's app by its name."""
    folder = tmp_path_factory.mktemp("contracts")
    return {cls.service: make_app(cls, folder) for cls in SETTINGS}


@pytest.fixture(scope="module")
def routes(apps) -> list[Route]:
    """Every method of every route of all apps."""
    return [route for app in apps.values() for route in routes_of(app)]


@pytest.fixture(scope="module")
def declared(routes) -> list[Route]:
    """The routes that are resources."""
    found = [route for route in routes if route.declaration]
    assert len(found) > 25
    return found
