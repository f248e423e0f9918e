"""What other services are told of the collections; the gateway does not route this."""

from services.data.actions import collections
from services.data.api.collections import view
from services.data.schemas import Definitions
from shared.web import Resource, endpoint


class CollectionDefinitions(Resource):
    @endpoint(access="service", answer=Definitions)
    def get(self, session):
        """Every collection's fields and rules; each later change comes as data.collection_changed."""
        schema = collections.everything(session)
        return Definitions(schema_version=schema.number, items=[view(one) for one in schema.collections.values()])
