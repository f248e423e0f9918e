"""The commands `bus`, `events` and `dead` against real doors: what they show, what they do, what they say when not."""

import json
from datetime import UTC, datetime, timedelta

import click
import pytest

from quintet.cli import main
from quintet.doors import Doors
from quintet.instants import Instant
from quintet.tail import Tail
from quintet.tests.bus_system import BusSystem, bus_system
from shared.bus.source.answering import note_report, read_feed
from shared.bus.tests.ledger import Noted
from shared.events.auth import UserRegistered


@pytest.fixture
def system(tmp_path) -> BusSystem:
    with bus_system(tmp_path) as system:
        yield system


def note(amount: int, account: str = "a") -> Noted:
    return Noted(account=account, amount=amount)


def shown(result) -> list[dict]:
    """What a command has said in JSON."""
    assert result.exit_code == 0, result.output
    return [json.loads(line) for line in result.stdout.splitlines()]


def test_the_tail_shows_the_last_events_of_all_services_by_time(system):
    system.data.announces(note(1), note(2))
    system.mail.announces(note(3))
    system.data.announces(note(4))
    ids = [one["id"] for one in shown(system.types("events", "tail", "-n", "3", "--json"))]
    assert len(ids) == 3
    assert ids == sorted(ids)
    lines = system.types("events", "tail", "-n", "1").stdout.splitlines()
    assert len(lines) == 1
    assert "ledger.noted" in lines[0]
    assert "accounts/a" in lines[0]


def test_a_followed_tail_goes_on_past_a_service_that_was_away(system):
    doors = Doors(system.state)
    tail = Tail(doors, doors.services)
    assert tail.begin(10) == []
    system.data.announces(note(1))
    assert len(tail.read()) == 1
    port = system.data.close()
    system.data.announces(*(note(amount) for amount in range(300)))
    assert tail.read() == []
    assert tail.silent == {"data"}
    system.data.open(port)
    assert len({one["id"] for one in tail.read()}) == 300
    assert (tail.silent, tail.read()) == (set(), [])


def test_an_event_is_shown_whichever_service_announced_it(system):
    event = UserRegistered(user_id="ada", email="ada@example.com", verification_token="1.c2VhbGVk")
    system.mail.announces(event)
    (listed,) = shown(system.types("events", "tail", "--json"))
    (told,) = shown(system.types("events", "show", listed["id"], "--json"))
    assert told["data"]["email"] == "ada@example.com"
    assert told["data"]["verification_token"] == "[redacted]"
    unknown = system.types("events", "show", "00000000-0000-7000-8000-000000000000")
    assert (unknown.exit_code, "No outbox keeps" in unknown.stderr) == (1, True)


def test_dead_letters_are_listed_shown_put_back_and_dropped(system):
    system.mail.parks(note(1), "too much")
    system.mail.parks(note(2), "too little")
    first, second = sorted(shown(system.types("dead", "list", "--json")), key=lambda one: one["id"])
    table = system.types("dead", "list").stdout
    assert "mail/1" in table
    assert "ValueError: too much" in table
    (told,) = shown(system.types("dead", "show", f"mail/{first['id']}", "--json"))
    assert told["data"] == {"account": "a", "amount": 1}

    assert "tried again" in system.types("dead", "replay", f"mail/{first['id']}").stdout
    again = system.types("dead", "replay", f"mail/{first['id']}")
    assert (again.exit_code, "dead_letter_waits" in again.stderr) == (1, True)

    asked = system.types("dead", "drop", f"mail/{second['id']}", says="n\n")
    assert asked.exit_code == 1
    assert "dropped" in system.types("dead", "drop", f"mail/{second['id']}", "--yes").stdout
    assert system.types("dead", "list").stdout == "There are none.\n"
    assert len(shown(system.types("dead", "list", "--waiting", "--json"))) == 1


def test_all_of_a_handler_are_put_back_at_once(system):
    for amount in range(3):
        system.mail.parks(note(amount), "no")
    assert "3 dead letters" in system.types("dead", "replay", "--service", "mail", "--handler", "keep").stdout
    assert "0 dead letters" in system.types("dead", "replay", "--service", "mail", "--all").stdout


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (("dead", "replay"), "Say which"),
        (("dead", "replay", "--all"), "--service"),
        (("dead", "replay", "mail/1", "--all"), "Say which"),
        (("dead", "show", "mail-1"), "no dead letter"),
        (("dead", "show", "post/1"), "no service post"),
        (("dead", "show", "mail/1"), "dead_letter_not_found"),
        (("events", "replay", "--to", "mail", "--since", "2h"), "--source"),
        (("events", "replay", "--to", "mail", "--since", "2h", "--source", "auth"), "replay_impossible"),
        (("events", "replay", "--to", "mail", "--since", "soon", "--type", "a.b"), "is no time"),
        (("events", "show", "tail"), "not a valid UUID"),
        (("bus", "retire", "nobody"), "No source"),
    ],
)
def test_what_can_not_be_done_is_said_in_a_line(system, words, says):
    result = system.types(*words)
    assert result.exit_code != 0
    assert says in result.stderr
    assert "Traceback" not in result.output


def test_a_replay_is_begun_for_the_service(system):
    result = system.types("events", "replay", "--to", "mail", "--type", "ledger.noted", "--since", "1d", "--no-wait")
    assert (result.exit_code, "has begun" in result.stdout) == (0, True)


def test_the_status_is_well_or_says_what_is_not(system):
    well = system.types("bus", "status")
    assert (well.exit_code, well.stderr) == (0, "")
    assert [line.split()[:2] for line in well.stdout.splitlines()[1:]] == [["data", "leads"], ["mail", "leads"]]
    system.mail.parks(note(1), "no")
    ill = system.types("bus", "status")
    assert ill.exit_code == 1
    assert "events_parked" in ill.stdout
    (picture,) = [json.loads(line) for line in system.types("bus", "status", "--json").stdout.splitlines()]
    assert picture["services"]["mail"]["held"][0]["parked"] == 1


def test_a_service_that_is_silent_is_said_and_is_no_success(system):
    system.mail.close()
    for words in (("bus", "status"), ("dead", "list"), ("events", "tail")):
        result = system.types(*words)
        assert (words, result.exit_code) == (words, 1)
        assert "mail does not answer" in result.stderr


def test_where_nobody_answers_nobody_is_said_to_have_none(system):
    system.mail.close()
    system.data.close()
    result = system.types("dead", "list")
    assert (result.exit_code, result.stdout) == (1, "")


def test_a_consumer_that_is_gone_is_retired_where_it_is_known(system):
    system.data.announces(note(1))
    reports(system.data, "reports")
    declined = system.types("bus", "retire", "reports", says="n\n")
    assert (declined.exit_code, "has last reported" in declined.stdout) == (1, True)
    retired = system.types("bus", "retire", "reports", "--yes")
    assert (retired.exit_code, "data keeps no more events for reports" in retired.stdout) == (0, True)
    assert system.types("bus", "retire", "reports", "--yes").exit_code == 1


def test_partitions_are_shown_one_by_one(system):
    system.data.announces(note(1))
    reports(system.data, "mail")
    lines = system.types("bus", "status", "--partitions").stdout.splitlines()
    assert len([line for line in lines if line.startswith("data") and " mail " in line]) == 8


def reports(service, consumer: str) -> None:
    """A consumer asks the service's feed, as if it had handled nothing yet."""
    with service.database.transaction() as session:
        note_report(session, consumer, read_feed(session, service.name, None, {}), {})


def test_times_are_read_as_people_type_them():
    read = Instant().convert
    assert read("2026-03-14T12:00:00Z", None, None) == datetime(2026, 3, 14, 12, tzinfo=UTC)
    assert read("2026-03-14T12:00", None, None).tzinfo is not None
    for text, ago in (("90s", timedelta(seconds=90)), ("30min", timedelta(minutes=30)), ("1d", timedelta(days=1))):
        assert abs(datetime.now(UTC) - read(text, None, None) - ago) < timedelta(minutes=1)


@pytest.mark.parametrize("text", ["yesterday", "999999d", "2026-13-01", ""])
def test_what_is_no_time_is_said_with_what_is_one(text):
    with pytest.raises(click.BadParameter, match="30min"):
        Instant().convert(text, None, None)


@pytest.mark.parametrize("group", ["bus", "events", "dead"])
def test_every_command_has_an_example(group):
    commands = main.commands[group].commands
    examples = {name: " ".join(command.help.split()).partition("Example: ")[2] for name, command in commands.items()}
    assert [name for name, example in examples.items() if f"quintet {group} {name}" not in example] == []
