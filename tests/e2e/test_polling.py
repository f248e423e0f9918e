"""Where WebSockets can't pass: the same over HTTP long-polling, through any number of instances."""

from tests.e2e.people import airport


def test_changes_come_by_polling(ada, ben, airports):
    watching = ben.watches(airports, 'state = "AK"', transport="polling")
    rows = [ada.creates(airports, **airport(number))["id"] for number in range(10)]
    ada.creates(airports, **airport(10, state="TX"))
    watching.expect([("created", row) for row in rows])


def test_one_can_come_back_by_the_other_transport(ada, ben, airports):
    before = ben.watches(airports)
    first = ada.creates(airports, **airport(1))["id"]
    before.expect([("created", first)])
    before.live.close()
    second = ada.creates(airports, **airport(2))["id"]
    again = before.resumed_on(ben.connects(transport="polling"))
    assert again.is_recovered
    again.expect([("created", second)])


def test_a_chat_works_by_polling(ada, ben):
    room = f"polling-{ada.id[-6:]}"
    polling, socket = ada.connects(transport="polling"), ben.connects()
    for live in (polling, socket):
        live.ask("join", {"room": room})
    for number in range(5):
        (polling if number % 2 else socket).ask("send", {"room": room, "text": f"{number}"})
    for live in (polling, socket):
        got = live.wait_for("message", lambda arrived: len(arrived) >= 5)
        assert [one.data["text"] for one in got] == ["0", "1", "2", "3", "4"]
        assert [one.data["number"] for one in got] == [1, 2, 3, 4, 5]
