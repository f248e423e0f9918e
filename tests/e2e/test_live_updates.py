"""Live updates: who is told what, and how one comes back."""

import pytest

from demo.client import Refused
from demo.live import Live
from demo.waiting import eventually
from tests.e2e.people import airport, several

ALASKA = 'state = "AK"'


def test_a_row_that_leaves_the_filter_is_gone_for_those_who_saw_it(ada, ben, airports):
    alaska, texas = ben.watches(airports, ALASKA), ben.watches(airports, 'state = "TX"')
    row = ada.creates(airports, **airport())["id"]
    ada.changes(airports, row, state="TX")
    ada.deletes(airports, row)
    alaska.expect([("created", row), ("gone", row)])
    texas.expect([("updated", row), ("deleted", row)])
    assert "record" not in alaska.changes[1].data


def test_rows_that_may_not_be_seen_never_arrive(cast, ada, ben):
    airports = cast.airports(rules={"list": "owner = @me.id", "view": "owner = @me.id", "create": "true"})
    watching = {person.name: person.watches(airports) for person in (ada, ben, cast.admin)}
    hers, his = ada.creates(airports, **airport(1))["id"], ben.creates(airports, **airport(2))["id"]
    watching["Ada"].expect([("created", hers)])
    watching["Ben"].expect([("created", his)])
    with pytest.raises(Refused) as refused:
        ben.reads(airports, hers)
    assert refused.value.code == "record_not_found"


def test_many_writers_come_in_the_order_in_which_the_rows_can_be_read(ada, ben, airports):
    watching = ben.watches(airports)
    rows = several(lambda number: ada.creates(airports, **airport(number)), 20)
    for row in rows:
        ada.changes(airports, row["id"], city="Nome")
    created, updated = [("created", row["id"]) for row in rows], [("updated", row["id"]) for row in rows]
    got = watching.expect(created + updated)
    assert [one.data["version"] for one in got] == [1] * 20 + [2] * 20


def test_an_offset_moves_on_even_when_nothing_matches(ada, ben, airports):
    watching = ben.watches(airports, ALASKA)
    ada.creates(airports, **airport(state="TX"))
    before = watching.began_at
    eventually(lambda: watching.offset != before, "the offset moves on")
    assert watching.changes == []


def test_an_offset_of_another_incarnation_can_not_be_resumed_and_it_says_so(ben, airports):
    watching = ben.watches(airports)
    partition = watching.began_at.split(":")[1]
    again = watching.live.ask("subscribe", {"collection": airports, "offset": f"0123456789abcdef:{partition}:1"})
    assert again["recovered"] is False


@pytest.mark.parametrize(
    ("wanted", "code"),
    [
        ({"collection": "nowhere"}, "collection_not_found"),
        ({"collection": "{airports}", "filter": "state ="}, "rule_syntax"),
        ({"collection": "{airports}", "filter": "altitude > 3"}, "rule_unknown_field"),
        ({"collection": "{airports}", "offset": "yesterday"}, "offset_invalid"),
        ({"collection": "{airports}", "volume": 11}, "body_invalid"),
        ({}, "body_invalid"),
    ],
)
def test_a_subscription_that_can_not_be_is_refused_with_the_problem(ben, airports, wanted, code):
    live = ben.watches(airports).live  # which knows the collection now
    with pytest.raises(Refused) as refused:
        live.ask("subscribe", {name: str(text).format(airports=airports) for name, text in wanted.items()})
    assert refused.value.code == code


@pytest.mark.parametrize("spoil", [lambda token: "", lambda token: "nonsense", lambda token: token[:-4] + "AAAA"])
def test_nobody_gets_in_without_a_good_token(ben, spoil):
    with pytest.raises(Refused) as refused:
        Live(ben.api.url, spoil(ben.api.token))
    assert (refused.value.status, refused.value.code) == (401, "token_invalid")


def test_a_socket_is_cut_soon_after_its_session_has_ended(ben):
    live = ben.connects()
    ben.signs_out()
    eventually(lambda: not live.is_connected, "the socket is cut", within=30)


def test_deleting_a_collection_ends_its_subscriptions(cast, ben):
    airports = cast.airports()
    watching = ben.watches(airports)
    cast.drops(airports)
    ended = watching.live.wait_for("ended", bool)
    assert ended[0].data["problem"]["code"] == "collection_removed"
