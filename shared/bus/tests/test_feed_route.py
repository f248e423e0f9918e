"""The feed over HTTP: who may ask, what the answer holds, and that the question is a report."""

import base64
import threading
from datetime import timedelta

import pytest
import sqlalchemy as sa
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from werkzeug.serving import make_server

from shared import clock
from shared.bus import Bus, announce
from shared.bus.feed import FeedDown, Range
from shared.bus.tables import consumers
from shared.bus.tests.ledger import Noted
from shared.database import Database, migrator
from shared.settings import Settings
from shared.testing import eventually
from shared.web import create_service


def key_pair() -> tuple[str, str]:
    key = Ed25519PrivateKey.generate()
    pem = key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    raw = key.public_key().public_bytes(serialization.Encoding.Raw, serialization.PublicFormat.Raw)
    return base64.b64encode(pem).decode(), base64.b64encode(raw).decode()


class Member:
    """A service's app with a database and a bus, served on a loopback port."""

    def __init__(self, name: str, url: str, redis_url: str, private: str, public: dict[str, str], sources: dict):
        settings = Settings(
            database_url=url, bus_url=redis_url, celery_url=redis_url, cache_url=redis_url,
            public_url="http://127.0.0.1", sources=sources, jwks_url="http://127.0.0.1:1/jwks", token_issuer="test",
            service_private_key=private, service_public_keys=public,
        )  # fmt: skip
        self.app = create_service(name, settings, fetch_keys=dict)
        self.database, self.bus = Database(), Bus()
        self.database.init_app(self.app, settings)
        migrator.upgrade(self.database)
        self.bus.init_app(self.app, settings, database=self.database)
        self.server = make_server("127.0.0.1", 0, self.app, threaded=True)
        self.address = f"http://127.0.0.1:{self.server.server_port}"
        threading.Thread(target=self.server.serve_forever, daemon=True).start()


@pytest.fixture
def pair(tmp_path, redis_url):
    keys = {name: key_pair() for name in ("ledger", "reader")}
    public = {name: pair[1] for name, pair in keys.items()}
    source = Member("ledger", f"sqlite:///{tmp_path}/ledger.db", redis_url, keys["ledger"][0], public, {})
    asker = Member("reader", f"sqlite:///{tmp_path}/reader.db", redis_url, keys["reader"][0], public,
                   {"ledger": source.address})  # fmt: skip
    yield source, asker
    for member in (source, asker):
        member.server.shutdown()
        member.server.server_close()
        member.database.dispose()


def ask(asker: Member, numbers: dict[int, int], incarnation: str | None = None):
    return asker.bus.feed_client().ask("ledger", consumer="reader", incarnation=incarnation, numbers=numbers)


def test_a_source_without_numbers_says_come_back(pair):
    with pytest.raises(FeedDown, match="503"):
        ask(pair[1], {})


def test_the_feed_gives_what_was_missed_and_takes_the_question_as_a_report(pair):
    source, asker = pair
    relay = source.bus.role().relay
    assert relay.is_leading()
    for amount in range(3):
        with source.database.transaction() as session:
            announce(session, Noted(account="account-0", amount=amount))
    relay.step()
    answer = ask(asker, {})
    assert [entry.number for entry in answer.entries] == [1, 2, 3]
    partition = answer.entries[0].partition
    assert ask(asker, {**answer.start, partition: 2}, answer.incarnation).entries == answer.entries[2:]
    with source.database.reading() as session:
        reported = sa.select(consumers.c.number).where(consumers.c.partition == partition)
        assert session.execute(reported).all() == [(2,)]


def test_nobody_but_a_service_reads_the_feed(pair):
    answer = pair[0].app.test_client().get("/internal/events")
    assert (answer.status_code, answer.json["code"]) == (401, "token_missing")


def test_an_event_travels_in_the_trace_of_the_request_that_caused_it(pair):
    from shared import trace

    source, _ = pair
    with trace.begin() as step, source.database.transaction() as session:
        announce(session, Noted(account="account-0", amount=1))
    with source.database.reading() as session:
        found = [one for give in source.app.extensions["trace_sources"] for one in give(session, step.trace_id)]
    assert [one["what"] for one in found] == ["event announced"]


def test_the_bus_says_on_metrics_how_much_is_unsent(pair):
    source, _ = pair
    with source.database.transaction() as session:
        announce(session, Noted(account="account-0", amount=1))
    assert "bus_outbox_unsent 1.0" in source.app.test_client().get("/metrics").text


def test_the_role_is_ready_once_a_relay_leads_and_a_consumer_handles(pair, standing_clock):
    client, role = pair[0].app.test_client(), pair[0].bus.role()
    assert client.get("/readyz/bus").get_json() == {"relay": "nobody leads", "consumer": "nobody handles"}
    assert role.relay.is_leading()
    assert client.get("/readyz/bus").status_code == 503
    role.consumer.step(wait_seconds=0.01)
    answer = client.get("/readyz/bus")
    assert (answer.status_code, answer.get_json()) == (200, {"relay": "leading", "consumer": "handling"})


def test_a_range_is_given_for_a_replay_and_reports_nothing(pair):
    source, asker = pair
    relay = source.bus.role().relay
    assert relay.is_leading()
    for amount in range(3):
        with source.database.transaction() as session:
            announce(session, Noted(account="account-0", amount=amount))
    relay.step()
    feed = asker.bus.feed_client()
    incarnation, partition = ask(asker, {}).incarnation, ask(asker, {}).entries[0].partition
    wanted = Range(("ledger.noted",), clock.now() - timedelta(hours=1), clock.now())
    question = {"incarnation": incarnation, "numbers": {partition: 1}}
    answer = feed.ask_range("ledger", wanted, **question, limit=1)
    assert ([entry.number for entry in answer.entries], answer.reached) == ([2], {partition: 2})
    others = feed.ask_range("ledger", Range(("ledger.erased",), None, clock.now()), **question)
    assert (others.entries, others.reached) == ([], {partition: 3})
    with source.database.reading() as session:
        assert session.scalar(sa.select(sa.func.max(consumers.c.number))) == 0


@pytest.mark.parametrize("question", ["types=ledger.noted&until=yesterday", "after.0=some", "after.x=1"])
def test_a_question_that_can_not_be_read_is_refused(pair, question):
    source, asker = pair
    token = asker.bus.feed_client().token_for("ledger")
    headers = {"Authorization": f"Bearer {token}"}
    answer = source.app.test_client().get(f"/internal/events?{question}", headers=headers)
    assert (answer.status_code, answer.json["code"]) == (400, "malformed")


def test_an_answer_says_which_incarnations_began_since_and_which_it_does_not_know(pair):
    source, asker = pair
    names = []
    for _ in range(3):
        relay = source.bus.role().relay
        relay.leases.seconds = 0.0
        eventually(relay.is_leading)
        names.append(ask(asker, {}).incarnation)
    answer = ask(asker, {0: 0}, names[0])
    assert (answer.is_known, [name for name, _ in answer.lineage]) == (True, names[1:])
    assert not ask(asker, {0: 0}, "f" * 32).is_known


def test_the_command_marks_a_database_that_was_put_back(pair):
    source, asker = pair
    assert source.bus.role().relay.is_leading()
    before = ask(asker, {}).incarnation
    done = source.app.test_cli_runner().invoke(args=["bus-restored"])
    assert done.exit_code == 0, done.output
    assert before != ask(asker, {}).incarnation
    assert ask(asker, {}).incarnation in done.output
    assert source.app.test_client().get("/readyz/bus").status_code == 503  # whoever led has to take over anew
