"""Idempotency-Key: the effects once, the answer every time."""

import threading
from datetime import timedelta

import pytest
from sqlalchemy import select

from shared import clock
from shared.testing.identity import assert_problem
from shared.web import idempotency
from shared.web.errors import IdempotencyKeyReused, InvalidIdempotencyKey
from shared.web.tests.conftest import notes

NOTES = "/v1/test/notes"


def post(client, text, key="k1"):
    return client.post(NOTES, json={"text": text}, headers={"Idempotency-Key": key})


def test_the_same_request_again_gets_the_stored_answer(client, database):
    first, again = post(client, "a"), post(client, "a")
    assert (again.status_code, again.data) == (201, first.data)
    assert again.headers["Location"] == first.headers["Location"]
    assert again.headers["Idempotency-Replayed"] == "true"
    assert "Idempotency-Replayed" not in first.headers
    assert again.headers["X-Request-ID"] != first.headers["X-Request-ID"]
    with database.reading() as session:
        assert session.scalars(select(notes.c.text)).all() == ["a"]


def test_another_body_under_the_same_key_is_refused(client):
    post(client, "a")
    assert_problem(post(client, "b"), IdempotencyKeyReused)


def test_what_is_kept_of_a_body_can_not_be_guessed_without_the_key(app):
    prints = set()
    for key in ("k1", "k2"):
        with app.test_request_context(NOTES, method="POST", json={"text": "a"}, headers={"Idempotency-Key": key}):
            prints.add(idempotency.key_of_request(None).fingerprint)
    assert len(prints) == 2


def test_a_request_that_failed_left_nothing_and_may_be_sent_again(client, database):
    assert post(client, "fails").status_code == 500
    with database.reading() as session:
        assert session.scalars(select(idempotency.answers.c.key_hash)).all() == []
        assert session.scalars(select(notes.c.text)).all() == []


@pytest.mark.parametrize("key", ["", "a b", "x" * 256, "ä"])
def test_a_key_must_be_visible_characters(client, key):
    assert_problem(post(client, "a", key), InvalidIdempotencyKey)


def test_two_twins_at_once_have_one_effect_and_one_answer(app, database):
    barrier, answers = threading.Barrier(4), []

    def send():
        client = app.test_client()
        barrier.wait()
        answers.append(post(client, "twin"))

    threads = [threading.Thread(target=send) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert [answer.status_code for answer in answers] == [201] * 4
    assert len({answer.data for answer in answers}) == 1
    with database.reading() as session:
        assert session.scalars(select(notes.c.text)).all() == ["twin"]


def test_a_key_is_free_again_after_a_day(client, database):
    post(client, "a")
    tomorrow = clock.now() + idempotency.KEPT + timedelta(seconds=1)
    with clock.told_by(lambda: tomorrow):
        assert post(client, "b").status_code == 201
        with database.transaction() as session:
            assert idempotency.prune(session) == 0


def test_answers_are_pruned_after_a_day(client, database):
    post(client, "a")
    tomorrow = clock.now() + idempotency.KEPT + timedelta(seconds=1)
    with clock.told_by(lambda: tomorrow), database.transaction() as session:
        assert idempotency.prune(session) == 1
