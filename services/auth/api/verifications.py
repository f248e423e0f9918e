"""Verifications: the mailed link."""

from services.auth.actions import verifications
from services.auth.errors import VerificationExpired, VerificationUnknown
from services.auth.schemas import Verified
from shared.web import Resource, endpoint


class Verifications(Resource):
    """A mailed link, by its token."""

    @endpoint(answer=Verified, access="anyone", writes=True, problems=[VerificationUnknown, VerificationExpired])
    def get(self, session, token):
        """Follow a mailed link; a second time does no harm."""
        verifications.confirm(session, token=token)
        return Verified(), {"Cache-Control": "no-store", "Referrer-Policy": "no-referrer"}
