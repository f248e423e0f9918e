"""GET /v1/mail/deliveries."""

import pytest

from services.mail.actions import deliveries as mails
from services.mail.extensions import deliveries
from shared import trace
from shared.identity.problems import AdminsOnly, TokenMissing
from shared.ids import new_id
from shared.testing.identity import assert_problem, bearer, service_bearer
from shared.web.errors import InvalidCursor, InvalidQuery

URL = "/v1/mail/deliveries"


@pytest.fixture
def five(database) -> list[str]:
    """The ids of five deliveries, newest first."""
    ids = []
    for number in range(5):
        with database.transaction() as session:
            address = f"user{number}@example.org"
            told = {"user_id": new_id(), "address": address, "sealed_token": "sealed-token"}
            ids.insert(0, mails.welcome(session, deliveries=deliveries, **told).id)
    return ids


@pytest.fixture
def get(client):
    def get_as_admin(query: str = ""):
        return client.get(URL + query, headers=bearer(role="admin"))

    return get_as_admin


def test_only_admins_see_deliveries(client):
    assert_problem(client.get(URL), TokenMissing)
    assert_problem(client.get(URL, headers=bearer()), AdminsOnly)


def test_pages_go_on_from_newest_to_eldest(get, five):
    seen, query = [], "?limit=2"
    while query:
        page = get(query).get_json()
        seen += [one["id"] for one in page["items"]]
        query = page["next"] and f"?limit=2&cursor={page['next']}"
    assert seen == five


def test_neither_token_nor_values_are_shown(get, five):
    answer = get().get_data(as_text=True)
    assert "user1@example.org" in answer
    assert "sealed" not in answer
    assert "context" not in answer


def test_a_state_narrows_the_list(get, five):
    deliveries.claim(five[2])
    assert [one["id"] for one in get("?state=running").get_json()["items"]] == [five[2]]
    assert len(get("?state=queued").get_json()["items"]) == 4


def test_bad_queries_are_refused(get, five):
    assert_problem(get("?state=lost"), InvalidQuery)
    assert_problem(get("?limit=0"), InvalidQuery)
    assert_problem(get("?unknown=1"), InvalidQuery)
    for cursor in ("nonsense", "WzFd", "WyJ4Il0"):
        assert_problem(get(f"?cursor={cursor}"), InvalidCursor)


def test_a_trace_shows_its_deliveries(client, database, app):
    with trace.begin() as step, database.transaction() as session:
        mails.welcome(
            session, deliveries=deliveries, user_id=new_id(), address="ada@example.org", sealed_token="sealed"
        )
    answer = client.get(f"/internal/trace/{step.trace_id}", headers=service_bearer("operator", "mail"))
    assert [entry["what"] for entry in answer.get_json()["entries"]] == ["command mail.deliver queued"]
