"""Every service's OpenAPI document is valid 3.1, tells of every public route, and names problems that exist."""

import re
from collections import Counter
from pathlib import Path

from openapi_spec_validator import OpenAPIV31SpecValidator

from shared.problems import Problem, every_problem
from shared.web.openapi import document

ROOT = Path(__file__).resolve().parents[2]


def test_every_document_is_valid(apps):
    for service, app in apps.items():
        problems = [error.message for error in OpenAPIV31SpecValidator(document(app)).iter_errors()]
        assert (service, problems) == (service, [])


def test_every_public_resource_is_told_of_and_nothing_internal(apps, declared):
    told = {(service, path) for service, app in apps.items() for path in document(app)["paths"]}
    public = {
        (route.service, re.sub(r"<(?:\w+:)?(\w+)>", r"{\1}", route.rule))
        for route in declared
        if not route.rule.startswith("/internal/")
    }
    assert told == public


def test_operations_have_names_of_their_own_and_a_summary(apps):
    operations = [
        operation for app in apps.values() for path in document(app)["paths"].values() for operation in path.values()
    ]
    doubled = [name for name, count in Counter(one["operationId"] for one in operations).items() if count > 1]
    assert doubled == []
    assert [one["operationId"] for one in operations if not one["summary"]] == []


def test_every_declared_problem_is_in_the_catalogue(declared):
    page = (ROOT / "docs/problems.md").read_text()
    missing = {
        f"{route}: {problem.__name__}"
        for route in declared
        for problem in route.declaration.problems
        if not issubclass(problem, Problem) or f"`{problem.code}` · {problem.status}" not in page
    }
    assert missing == set()


def test_a_code_means_one_status_and_every_problem_says_what_it_is(apps):
    ours = {one for one in every_problem() if re.match(r"(shared|services)\.(?!.*tests\.)", one.__module__)}
    meanings = {(one.code, one.status) for one in ours}
    assert [code for code, count in Counter(code for code, _status in meanings).items() if count > 1] == []
    assert [one.__name__ for one in ours if not one.__doc__] == []


def test_every_problem_of_a_service_is_raised_by_it():
    for path in sorted(ROOT.glob("services/*/errors.py")):
        texts = [one.read_text() for one in path.parent.rglob("*.py") if "tests" not in one.parts and one != path]
        names = re.findall(r"^class (\w+)\(", path.read_text(), re.MULTILINE)
        unused = [name for name in names if not any(re.search(rf"\b{name}\b", text) for text in texts)]
        bases = [name for name in unused if re.search(rf"\({name}\)", path.read_text())]
        assert (path.parent.name, sorted(set(unused) - set(bases))) == (path.parent.name, [])
