"""Me: the account of whoever asks."""

from services.auth.actions import accounts
from services.auth.errors import AccountGone
from services.auth.schemas import AccountView
from shared.web import Resource, endpoint


class Me(Resource):
    """The account of the token that asks."""

    @endpoint(answer=AccountView, problems=[AccountGone])
    def get(self, session, identity):
        """Show one's own account."""
        return AccountView.model_validate(accounts.get(session, account_id=identity.id))
