"""Accounts: registering one."""

from flask import current_app

from services.auth import addresses
from services.auth.actions import accounts
from services.auth.errors import AddressInvalid
from services.auth.hashing import hash_password
from services.auth.schemas import Accepted, NewAccount
from shared.web import Resource, endpoint


class Accounts(Resource):
    """All accounts; nobody may list them."""

    @endpoint(body=NewAccount, answer=Accepted, status=202, access="anyone", problems=[AddressInvalid])
    def post(self, session, body):
        """Register an address; a mail with a link goes to it.

        The answer is the same for an address that has an account already: its owner gets a mail that says so.
        """
        settings = current_app.extensions["settings"]
        addresses.reachable(body.email)
        password_hash = hash_password(body.password.get_secret_value())  # before the write unit begins
        accounts.register(
            session,
            email=body.email,
            password_hash=password_hash,
            link_life=settings.verification_life,
            seal_keys=settings.event_seal_keys,
        )
        return Accepted()
