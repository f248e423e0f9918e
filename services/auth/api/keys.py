"""Keys: what others verify access tokens with."""

from services.auth.extensions import keys
from services.auth.schemas import KeySetView
from shared.web import Resource, endpoint


class PublicKeys(Resource):
    """The public halves of the signing keys."""

    @endpoint(answer=KeySetView, access="anyone")
    def get(self):
        """Show the public keys as a JSON Web Key Set."""
        return keys.jwks(), {"Cache-Control": "public, max-age=60"}
