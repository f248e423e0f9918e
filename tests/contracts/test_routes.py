"""Every route of every service answers the same way when it is asked wrongly: a problem, whole and in shape."""

import base64
import json

import pytest

from shared.identity.problems import AdminsOnly, OperatorsOnly, TokenInvalid, TokenMissing
from shared.problems import Invalid, MethodNotAllowed, NotFound, UnsupportedMediaType
from shared.testing.identity import KID, access_token, assert_problem, bearer, service_bearer
from shared.web.errors import InvalidIdempotencyKey, InvalidQuery, MalformedJson
from tests.contracts.apps import METHODS, Route

JSON = {"Content-Type": "application/json"}


@pytest.fixture
def ask(apps):
    """Sends a request to a route; `headers` and `data` are those of Flask's test client."""

    def ask(route: Route, **request):
        method, path = request.pop("method", route.method), request.pop("path", route.path)
        return apps[route.service].test_client().open(path, method=method, **request)

    return ask


def test_without_a_token_every_guarded_route_asks_for_one(declared, ask):
    for route in guarded(declared):
        answer = ask(route)
        assert_problem(answer, TokenMissing)
        assert answer.headers["WWW-Authenticate"] == "Bearer", route


def test_a_token_without_signature_opens_nothing(declared, ask):
    head = base64.urlsafe_b64encode(json.dumps({"alg": "none", "typ": "JWT", "kid": KID}).encode()).decode().rstrip("=")
    forged = f"{head}.{access_token(role='admin').split('.')[1]}."
    for route in guarded(declared):
        assert_problem(ask(route, headers={"Authorization": f"Bearer {forged}"}), TokenInvalid)


def test_a_user_s_token_opens_nothing_internal(apps, declared, ask):
    internal = [route for route in declared if route.declaration.access in ("service", "any_service")]
    assert {route.service for route in internal} == set(apps)
    for route in internal:
        assert_problem(ask(route, headers=bearer(role="admin")), TokenInvalid)


def test_what_only_admins_may_do_is_refused_to_others(declared, ask):
    for route in [route for route in declared if route.declaration.access == "admin"]:
        assert_problem(ask(route, headers=bearer()), AdminsOnly)


def test_an_operator_s_door_is_closed_to_users_and_to_other_services(apps, declared, ask):
    doors = [route for route in declared if route.declaration.access == "operator"]
    assert {route.service for route in doors} == set(apps)
    for route in doors:
        assert_problem(ask(route, headers=bearer()), OperatorsOnly)
        assert_problem(ask(route, headers=service_bearer("mail", route.service)), OperatorsOnly)
        assert_problem(ask(route, headers=service_bearer("operator", "elsewhere")), TokenInvalid)


def test_a_body_that_is_no_json_is_malformed(declared, ask):
    for route in taking_bodies(declared):
        assert_problem(ask(route, data=b'{"a": ', headers=route.headers() | JSON), MalformedJson)


def test_a_body_of_the_wrong_type_is_invalid_with_its_place(declared, ask):
    for route in taking_bodies(declared):
        document = assert_problem(ask(route, data=b"[]", headers=route.headers() | JSON), Invalid)
        assert document["errors"][0]["pointer"].startswith("#"), route


def test_a_body_that_is_not_called_json_is_not_read(declared, ask):
    for route in taking_bodies(declared):
        headers = route.headers() | {"Content-Type": "text/plain"}
        assert_problem(ask(route, data=b"{}", headers=headers), UnsupportedMediaType)


def test_an_unknown_parameter_is_refused(declared, ask):
    for route in [route for route in declared if route.declaration.query]:
        answer = ask(route, query_string={"no_such_parameter": "1"}, headers=route.headers())
        assert_problem(answer, InvalidQuery)


def test_an_idempotency_key_that_is_none_is_refused(declared, ask):
    keyed = [route for route in declared if route.method != "GET" and takes_key(route) and not route.declaration.body]
    assert keyed
    for route in keyed:
        headers = route.headers() | {"Idempotency-Key": "two words"}
        assert_problem(ask(route, headers=headers), InvalidIdempotencyKey)


def test_a_method_that_a_route_does_not_know_is_said_with_those_that_it_knows(routes, ask):
    known = {}
    for route in routes:
        known.setdefault((route.service, route.rule), set()).add(route.method)
    for (service, rule), methods in known.items():
        route = Route(service, rule, "", None)
        for method in sorted(set(METHODS) - methods):
            answer = ask(route, method=method)
            assert_problem(answer, MethodNotAllowed)
            assert methods <= set(answer.headers["Allow"].split(", ")), route


def test_an_unknown_path_is_a_problem_in_every_service(apps):
    for app in apps.values():
        assert_problem(app.test_client().get("/no/such/place"), NotFound)


def test_no_answer_of_any_route_is_html(routes, ask):
    for route in routes:
        assert "html" not in ask(route).headers.get("Content-Type", ""), route


def guarded(declared: list[Route]) -> list[Route]:
    """Routes that nobody may use without a token."""
    return [route for route in declared if route.declaration.access not in ("anyone", "optional")]


def taking_bodies(declared: list[Route]) -> list[Route]:
    """Routes that read a JSON body."""
    return [route for route in declared if route.declaration.body]


def takes_key(route: Route) -> bool:
    """Whether a route honours Idempotency-Key."""
    return route.declaration.takes_key
