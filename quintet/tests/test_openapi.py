"""One document of five: nothing lost, nothing internal, no two meanings under one name."""

from quintet.openapi import merge


def document(*, problem: str = "object", paths: tuple[str, ...]) -> dict:
    reference = {"$ref": "#/components/schemas/Problem"}
    answers = {"200": {"content": {"application/json": {"schema": reference}}}}
    return {
        "openapi": "3.1.0",
        "info": {"title": "one", "description": "What it does."},
        "paths": {path: {"get": {"responses": answers}, "parameters": []} for path in paths},
        "components": {"schemas": {"Problem": {"type": problem}}},
    }


def schema_of(merged: dict, path: str) -> str:
    return merged["paths"][path]["get"]["responses"]["200"]["content"]["application/json"]["schema"]["$ref"]


def test_every_service_s_paths_are_in_it_under_its_name():
    merged = merge(
        {"auth": document(paths=("/v1/auth/me",)), "data": document(paths=("/v1/data/x",))}, server="http://a"
    )
    assert set(merged["paths"]) == {"/v1/auth/me", "/v1/data/x"}
    assert merged["paths"]["/v1/data/x"]["get"]["tags"] == ["data"]
    assert [tag["name"] for tag in merged["tags"]] == ["auth", "data"]
    assert merged["servers"] == [{"url": "http://a"}]


def test_what_is_internal_is_not():
    merged = merge(
        {"auth": document(paths=("/internal/events", "/metrics", "/readyz", "/v1/auth/me"))}, server="http://a"
    )
    assert set(merged["paths"]) == {"/v1/auth/me"}


def test_a_component_that_all_share_is_there_once():
    same = {"auth": document(paths=("/v1/a",)), "data": document(paths=("/v1/b",))}
    assert set(merge(same, server="http://a")["components"]["schemas"]) == {"Problem"}


def test_a_component_that_differs_is_told_apart():
    merged = merge(
        {"auth": document(paths=("/v1/a",)), "data": document(problem="string", paths=("/v1/b",))}, server="http://a"
    )
    assert set(merged["components"]["schemas"]) == {"Problem", "DataProblem"}
    assert schema_of(merged, "/v1/a").endswith("/Problem")
    assert schema_of(merged, "/v1/b").endswith("/DataProblem")
