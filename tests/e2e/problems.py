"""The one shape in which everything is refused."""


def assert_problem(answer, status: int, code: str) -> dict:
    """The answer is this problem, in the one shape of errors."""
    assert answer.headers["Content-Type"] == "application/problem+json", answer.text[:300]
    problem = answer.json()
    assert (answer.status_code, problem["code"]) == (status, code), problem
    assert problem["status"] == status
    assert problem["type"] == "/problems/" + code.replace("_", "-")
    assert problem["title"] and problem["detail"] and problem["request_id"]
    return problem
