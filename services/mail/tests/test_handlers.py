"""Events of other services become deliveries."""

import pytest
from sqlalchemy import select

from services.mail.errors import RecipientUnknown
from services.mail.handlers import (
    handlers,
    note_admin,
    queue_job_finished,
    queue_registration_repeated,
    queue_verification,
)
from services.mail.models import Delivery, Recipient
from shared import trace
from shared.events.auth import AdminCreated, RegistrationRepeated, UserRegistered
from shared.events.worker import JobFinished
from shared.ids import new_id

ADA = {"user_id": new_id(), "email": "ada@example.org"}


def finished(**changes) -> JobFinished:
    said = {"job_id": new_id(), "owner_id": ADA["user_id"], "kind": "image.variants", "state": "succeeded"}
    return JobFinished(**(said | {"problem": None, "notify": True} | changes))


@pytest.fixture
def deliveries(database):
    def all_of_them() -> list[Delivery]:
        with database.reading() as session:
            return list(session.scalars(select(Delivery).order_by(Delivery.id)))

    return all_of_them


@pytest.fixture
def ada_is_known(database):
    with database.transaction() as session:
        queue_verification(session, UserRegistered(**ADA, verification_token="sealed"), None)


def test_mail_listens_to_auth_and_worker(app):
    assert handlers.sources == {"auth", "worker"}


def test_a_new_user_becomes_a_recipient_and_gets_a_verification(database, deliveries):
    with trace.begin() as step, database.transaction() as session:
        queue_verification(session, UserRegistered(**ADA, verification_token="sealed"), None)
    (delivery,) = deliveries()
    assert (delivery.template, delivery.recipient, delivery.state) == ("verification", "ada@example.org", "queued")
    assert (delivery.sealed_token, delivery.trace_id) == ("sealed", step.trace_id)
    assert delivery.message_id == f"<{delivery.id}@quintet>"
    with database.reading() as session:
        assert session.get(Recipient, ADA["user_id"]).address == "ada@example.org"


def test_a_repeated_registration_is_told_to_the_owner(database, deliveries, ada_is_known):
    with database.transaction() as session:
        queue_registration_repeated(session, RegistrationRepeated(**ADA), None)
    assert deliveries()[-1].template == "registration_repeated"
    assert deliveries()[-1].sealed_token is None


def test_a_finished_job_is_told_to_its_owner_where_wanted(database, deliveries, ada_is_known):
    with database.transaction() as session:
        queue_job_finished(session, finished(notify=False), None)
        queue_job_finished(session, finished(owner_id=None), None)
        queue_job_finished(session, finished(state="failed", problem={"detail": "Broken."}), None)
    (_, delivery) = deliveries()
    assert (delivery.template, delivery.recipient) == ("job_finished", "ada@example.org")
    assert delivery.context["reason"] == "Broken."


def test_an_admin_is_told_of_jobs_without_having_registered(database, deliveries):
    with database.transaction() as session:
        note_admin(session, AdminCreated(**ADA), None)
        queue_job_finished(session, finished(), None)
    assert [one.template for one in deliveries()] == ["job_finished"]


def test_a_new_address_replaces_the_old_one(database, deliveries, ada_is_known):
    with database.transaction() as session:
        note_admin(session, AdminCreated(**(ADA | {"email": "new@example.org"})), None)
        queue_job_finished(session, finished(), None)
    assert deliveries()[-1].recipient == "new@example.org"


def test_a_job_of_somebody_not_known_yet_waits(database, deliveries):
    with pytest.raises(RecipientUnknown), database.transaction() as session:
        queue_job_finished(session, finished(), None)
    assert deliveries() == []
