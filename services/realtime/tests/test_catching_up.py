"""Resume: from memory, from the feed, joined to what is live."""

import pytest

from services.realtime.errors import LiveNotReady
from services.realtime.live.memory import Memory
from services.realtime.live.offsets import Offset
from services.realtime.live.subscriptions import Subscription
from services.realtime.tests.making import AIRPORTS, BEN, collection_changed, definition
from services.realtime.tests.making import record_changed as changed


def row(number: int):
    return changed(None, {"id": f"r{number}", "state": "AK"})


def at(number: int, incarnation: str = "one") -> Offset:
    return Offset(incarnation, AIRPORTS, number)


def resume(instance, offset, filter_text=None):
    subscription = Subscription("s1", BEN, "airports", filter_text)
    return subscription, instance.records.take_up(subscription, offset)


def told(instance) -> list[str]:
    return [message["record"]["id"] for message in read(instance)]


def read(instance):
    import orjson

    return [orjson.loads(orjson.dumps(message)) for message in instance.mailbox.of("s1")]


def test_a_new_subscription_is_live_at_once_and_recovers_nothing(instance):
    instance.happen(row(1))
    subscription, is_recovered = resume(instance, None)
    assert (is_recovered, subscription.is_live, str(subscription.told)) == (False, True, f"one:{AIRPORTS}:1")
    assert instance.mailbox.sent == []


def test_what_was_missed_is_told_from_memory(instance):
    instance.happen(*map(row, range(1, 6)))
    asked = len(instance.outbox.questions)
    subscription, is_recovered = resume(instance, at(2))
    instance.records.catch_up(subscription)
    assert is_recovered and subscription.is_live
    assert told(instance) == ["r3", "r4", "r5"]
    assert len(instance.outbox.questions) == asked


def test_nothing_is_told_before_the_client_knows_its_subscription(instance):
    instance.happen(row(1), row(2))
    resume(instance, at(0))
    instance.happen(row(3))
    assert instance.mailbox.sent == []


def test_what_this_instance_does_not_remember_is_told_from_the_feed(instance, new_instance):
    instance.happen(*map(row, range(1, 6)))
    other = new_instance()
    subscription, is_recovered = resume(other, at(2))
    other.records.catch_up(subscription)
    assert is_recovered and subscription.is_live
    assert told(other) == ["r3", "r4", "r5"]


def test_more_than_a_page_is_told_in_order(instance, new_instance):
    instance.happen(*map(row, range(1, 701)))
    other = new_instance()
    subscription, _ = resume(other, at(0))
    other.records.catch_up(subscription)
    assert told(other) == [f"r{n}" for n in range(1, 701)]


def test_what_comes_while_a_subscription_catches_up_follows_without_gap_or_double(instance, new_instance):
    instance.happen(*map(row, range(1, 501)))
    other, numbers = new_instance(), iter(range(501, 510))

    def more_happens():
        number = next(numbers, None)
        if number:
            other.happen(row(number))

    other.while_paused = more_happens
    subscription, _ = resume(other, at(100))
    other.records.catch_up(subscription)
    other.happen(*map(row, numbers))
    assert told(other) == [f"r{n}" for n in range(101, 510)]


def test_a_memory_that_is_too_short_is_helped_out_by_the_feed(instance):
    instance.records._memories[AIRPORTS] = Memory(0, max_changes=10)
    instance.happen(*map(row, range(1, 31)))
    subscription, is_recovered = resume(instance, at(3))
    instance.records.catch_up(subscription)
    assert is_recovered
    assert told(instance) == [f"r{n}" for n in range(4, 31)]


def test_only_what_passes_the_filter_is_told_of_the_past(instance):
    instance.happen(row(1), changed(None, {"id": "t1", "state": "TX"}), row(2))
    subscription, _ = resume(instance, at(0), 'state = "AK"')
    instance.records.catch_up(subscription)
    assert told(instance) == ["r1", "r2"]


def test_an_offset_ahead_of_this_instance_waits_for_what_follows_it(instance):
    instance.happen(row(1))
    ahead = [instance.outbox.add(row(n)) for n in (2, 3, 4)]
    subscription, is_recovered = resume(instance, at(3))
    instance.records.catch_up(subscription)
    assert is_recovered and subscription.is_live
    instance.pass_on(*ahead)
    assert told(instance) == ["r4"]


def test_after_the_window_nothing_is_recovered_and_the_present_goes_on(instance, new_instance):
    instance.happen(*map(row, range(1, 6)))
    instance.outbox.oldest = 4
    other = new_instance()
    subscription, is_recovered = resume(other, at(1))
    assert (is_recovered, subscription.is_live, str(subscription.told)) == (False, True, f"one:{AIRPORTS}:5")
    other.happen(row(6))
    assert told(other) == ["r6"]


@pytest.mark.parametrize("offset", [at(1, "another"), at(999), Offset("one", AIRPORTS + 1, 1)])
def test_an_offset_of_elsewhere_recovers_nothing(instance, offset):
    instance.happen(row(1), row(2))
    _, is_recovered = resume(instance, offset)
    assert not is_recovered


def test_while_the_feed_is_down_resume_asks_to_come_again(instance, new_instance):
    instance.happen(row(1), row(2))
    other = new_instance()
    other.outbox.incarnation = None
    with pytest.raises(LiveNotReady):
        resume(other, at(0))
    assert len(other.records.fanout) == 0


def test_a_feed_that_goes_down_in_the_middle_is_waited_for(instance, new_instance):
    instance.happen(*map(row, range(1, 4)))
    other = new_instance()
    subscription, _ = resume(other, at(0))
    other.outbox.incarnation = None

    def comes_back():
        if len(other.pauses) == 3:
            other.outbox.incarnation = "one"

    other.while_paused = comes_back
    other.records.catch_up(subscription)
    assert told(other) == ["r1", "r2", "r3"]


def test_events_that_vanish_in_the_middle_have_the_client_fetch_anew(instance, new_instance):
    instance.happen(*map(row, range(1, 4)))
    other = new_instance()
    subscription, _ = resume(other, at(0))
    other.outbox.oldest = 3
    other.records.catch_up(subscription)
    assert other.mailbox.of("s1", "refresh") == [{"subscription": subscription.id, "offset": f"one:{AIRPORTS}:3"}]
    assert subscription.is_live


def test_rules_that_changed_meanwhile_have_the_client_fetch_anew(instance, new_instance):
    instance.happen(row(1), collection_changed(definition(version=2)), row(2))
    for one in (instance, new_instance()):
        subscription, is_recovered = resume(one, at(0))
        one.records.catch_up(subscription)
        assert is_recovered and len(one.mailbox.of("s1", "refresh")) == 1


def test_a_source_that_begins_anew_has_everyone_fetch_anew(instance):
    subscription, _ = resume(instance, None)
    instance.happen(row(1), row(2))
    instance.outbox.incarnation, instance.outbox.entries = "two", []
    instance.track.forget()
    instance.begin()
    assert instance.mailbox.of("s1", "refresh") == [{"subscription": subscription.id, "offset": f"two:{AIRPORTS}:0"}]
    instance.happen(row(3))
    assert told(instance)[-1] == "r3"


def test_an_offset_is_told_when_numbers_pass_without_a_match(instance):
    subscription, _ = resume(instance, None, 'state = "AK"')
    instance.records.tell_offsets()
    instance.happen(changed(None, {"id": "t1", "state": "TX"}), changed(None, {"id": "t2", "state": "TX"}))
    instance.records.tell_offsets()
    instance.records.tell_offsets()
    assert instance.mailbox.sent == [("s1", "offset", {"subscription": subscription.id, "offset": f"one:{AIRPORTS}:2"})]


def test_no_offset_is_told_where_a_change_has_told_it(instance):
    resume(instance, None)
    instance.happen(row(1))
    instance.records.tell_offsets()
    assert instance.mailbox.of("s1", "offset") == []
