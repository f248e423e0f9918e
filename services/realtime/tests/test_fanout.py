"""Who is told what of a change."""

import pytest

from services.realtime.errors import CollectionNotFound
from services.realtime.live.subscriptions import Subscription
from services.realtime.tests.making import ADA, AIRPORTS, BEN, ROOT, TRACEPARENT, collection_changed, definition
from services.realtime.tests.making import record_changed as changed
from shared.rules import RuleSyntax, RuleUnknownField

ALASKA, TEXAS = {"id": "r1", "state": "AK"}, {"id": "r1", "state": "TX"}


def listen(instance, sid="s1", me=BEN, filter_text=None, offset=None):
    subscription = Subscription(sid, me, "airports", filter_text)
    instance.records.take_up(subscription, offset)
    return subscription


def test_a_row_that_passes_the_filter_is_told_whole(instance):
    subscription = listen(instance, filter_text='state = "AK"')
    instance.happen(changed(None, ALASKA, version=3))
    [message] = instance.mailbox.of("s1")
    assert message | {"record": None} == {
        "subscription": subscription.id,
        "kind": "created",
        "record": None,
        "version": 3,
        "offset": f"one:{AIRPORTS}:1",
        "traceparent": TRACEPARENT,
        "at": "2026-11-23T12:00:00Z",
    }


def test_a_row_that_does_not_pass_the_filter_is_told_to_nobody(instance):
    listen(instance, filter_text='state = "AK"')
    instance.happen(changed(None, TEXAS), changed(TEXAS, TEXAS), changed(TEXAS, None))
    assert instance.mailbox.sent == []


@pytest.mark.parametrize(
    ("before", "after", "told"),
    [
        (None, ALASKA, ["created"]),
        (ALASKA, ALASKA, ["updated"]),
        (TEXAS, ALASKA, ["updated"]),
        (ALASKA, TEXAS, ["gone"]),
        (ALASKA, None, ["deleted"]),
        (None, TEXAS, []),
        (TEXAS, None, []),
    ],
)
def test_what_is_told_depends_on_what_was_seen_before_and_is_after(instance, before, after, told):
    listen(instance, filter_text='state = "AK"')
    instance.happen(changed(before, after))
    assert instance.mailbox.kinds("s1") == told


def test_what_is_gone_is_named_but_not_shown(instance):
    listen(instance, filter_text='state = "AK"')
    instance.happen(changed(ALASKA, TEXAS))
    [message] = instance.mailbox.of("s1")
    assert message["record_id"] == "r1" and "record" not in message


def test_only_those_whom_the_view_rule_lets_are_told(new_instance):
    instance = new_instance(view="owner = @me.id")
    listen(instance, "ada", ADA)
    listen(instance, "ben", BEN)
    instance.happen(changed(None, {"id": "r1", "owner": ADA.id}))
    assert (instance.mailbox.kinds("ada"), instance.mailbox.kinds("ben")) == (["created"], [])


def test_a_row_given_away_is_gone_for_one_and_updated_for_the_other(new_instance):
    instance = new_instance(view="owner = @me.id")
    listen(instance, "ada", ADA)
    listen(instance, "ben", BEN)
    instance.happen(changed({"id": "r1", "owner": ADA.id}, {"id": "r1", "owner": BEN.id}))
    assert (instance.mailbox.kinds("ada"), instance.mailbox.kinds("ben")) == (["gone"], ["updated"])


def test_without_a_view_rule_only_admins_are_told(new_instance):
    instance = new_instance(view=None)
    listen(instance, "ben", BEN)
    listen(instance, "root", ROOT)
    instance.happen(changed(None, ALASKA))
    assert (instance.mailbox.kinds("ben"), instance.mailbox.kinds("root")) == ([], ["created"])


def test_the_rule_is_evaluated_once_for_all_who_see_the_same(instance):
    for number in range(5):
        listen(instance, f"s{number}", ADA if number % 2 else BEN, 'state = "AK"')
    [groups] = instance.records.fanout._groups.values()
    assert len(groups) == 1


def test_who_asks_counts_where_the_filter_asks_for_it(instance):
    listen(instance, "ada", ADA, "owner = @me.id")
    listen(instance, "ben", BEN, "owner = @me.id")
    instance.happen(changed(None, {"id": "r1", "owner": ADA.id}))
    assert (instance.mailbox.kinds("ada"), instance.mailbox.kinds("ben")) == (["created"], [])


def test_other_collections_are_told_to_nobody_here(instance):
    listen(instance)
    instance.happen(changed(None, ALASKA, collection="harbours"))
    assert instance.mailbox.sent == []


def test_a_wrong_filter_is_refused_with_line_and_column(instance):
    with pytest.raises(RuleSyntax) as refused:
        listen(instance, filter_text='state = \n = "AK"')
    assert (refused.value.line, refused.value.column) == (2, 2)
    with pytest.raises(RuleUnknownField):
        listen(instance, filter_text="planet = 1")
    assert len(instance.records.fanout) == 0


def test_an_unknown_collection_is_refused(instance):
    with pytest.raises(CollectionNotFound):
        instance.records.take_up(Subscription("s1", BEN, "harbours"), None)


def test_a_collection_that_was_just_made_is_waited_for(instance):
    event = collection_changed(definition(name="harbours"), name="harbours", change="created")
    instance.while_paused = lambda: None if len(instance.pauses) != 3 else instance.happen(event)
    instance.records.take_up(Subscription("s1", BEN, "harbours"), None)
    assert len(instance.pauses) == 3


def test_who_unsubscribed_is_told_nothing(instance):
    subscription = listen(instance)
    instance.records.unsubscribe(subscription)
    instance.happen(changed(None, ALASKA))
    assert instance.mailbox.sent == [] and len(instance.records.fanout) == 0


def test_a_changed_view_rule_counts_from_its_place_in_the_stream(instance):
    subscription = listen(instance, "ben", BEN)
    instance.happen(
        changed(None, {"id": "r1", "owner": ADA.id}),
        collection_changed(definition("owner = @me.id", version=2)),
        changed(None, {"id": "r2", "owner": ADA.id}),
        changed(None, {"id": "r3", "owner": BEN.id}),
    )
    assert instance.mailbox.kinds("ben") == ["created", "created"]
    assert instance.mailbox.of("ben")[1]["offset"] == f"one:{AIRPORTS}:4"
    assert instance.mailbox.of("ben", "refresh") == [{"subscription": subscription.id, "offset": f"one:{AIRPORTS}:2"}]


def test_a_change_of_the_collection_that_changes_nobodys_sight_is_told_to_nobody(instance):
    listen(instance)
    instance.happen(collection_changed(definition(version=2)))
    assert instance.mailbox.sent == []


def test_a_deleted_collection_ends_its_subscriptions(instance):
    subscription = listen(instance)
    instance.happen(collection_changed(None, change="deleted"))
    [message] = instance.mailbox.of("s1", "ended")
    assert message["subscription"] == subscription.id
    assert message["problem"]["code"] == "collection_removed"
    assert subscription.is_ended and len(instance.records.fanout) == 0


def test_a_filter_on_a_field_that_was_taken_away_ends_its_subscription(instance):
    listen(instance, filter_text="elevation > 3")
    listen(instance, "s2")
    without = definition(version=2)
    without["fields"] = [field for field in without["fields"] if field["name"] != "elevation"]
    instance.happen(collection_changed(without))
    [message] = instance.mailbox.of("s1", "ended")
    assert message["problem"]["code"] == "rule_unknown_field"
    assert len(instance.records.fanout) == 1


def test_a_rule_older_than_the_one_that_data_gave_does_not_count(instance):
    instance.definitions = [definition("owner = @me.id", version=5)]
    instance.begin()
    instance.happen(collection_changed(definition("true", version=4)))
    assert instance.records.definitions.of("airports").view == "owner = @me.id"


def test_a_record_that_cannot_be_judged_is_not_shown(instance):
    listen(instance, filter_text="created_at > updated_at")
    instance.happen(changed(None, {"id": "r1", "created_at": "no time", "updated_at": "2026-01-01T00:00:00Z"}))
    assert instance.mailbox.sent == []
