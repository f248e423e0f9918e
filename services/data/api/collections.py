"""Collections, for admins."""

from services.data import errors
from services.data.actions import collections
from services.data.api.conditions import matcher, tag
from services.data.schema import snapshots
from services.data.schemas import ChangedCollection, CollectionList, CollectionView, NewCollection
from shared.rules import RuleSyntax, RuleTypes, RuleUnknownField
from shared.web import Resource, endpoint

RULES = [RuleSyntax, RuleTypes, RuleUnknownField]


def view(collection: snapshots.Collection) -> CollectionView:
    return CollectionView(
        name=collection.name,
        fields=list(collection.fields.values()),
        rules=collection.rules,
        rules_version=collection.rules_version,
        created_at=collection.created_at,
        updated_at=collection.updated_at,
    )


class Collections(Resource):
    @endpoint(access="admin", answer=CollectionList)
    def get(self, session):
        """List the collections."""
        return CollectionList(items=[view(collection) for collection in collections.every(session)])

    @endpoint(
        access="admin",
        body=NewCollection,
        answer=CollectionView,
        status=201,
        problems=[errors.CollectionExists, errors.DefinitionInvalid, *RULES],
    )
    def post(self, session, body):
        """Create a collection."""
        made = collections.create(session, name=body.name, fields=body.fields, rules=body.rules)
        return view(made), {"Location": f"/v1/data/collections/{made.name}", **tag(made.rules_version)}


class Collection(Resource):
    @endpoint(access="admin", answer=CollectionView, problems=[errors.CollectionNotFound])
    def get(self, name, session):
        """Show a collection."""
        found = collections.find(session, name=name)
        return view(found), tag(found.rules_version)

    @endpoint(
        access="admin",
        body=ChangedCollection,
        answer=CollectionView,
        problems=[errors.CollectionNotFound, errors.DefinitionInvalid, errors.VersionMismatch, *RULES],
    )
    def patch(self, name, session, body):
        """Change a collection's rules, or add fields to it."""
        changed = collections.change(
            session,
            name=name,
            rules=body.rules.model_dump(exclude_unset=True),
            new_fields=body.fields,
            matches=matcher(),
        )
        return view(changed), tag(changed.rules_version)

    @endpoint(
        access="admin",
        status=204,
        problems=[errors.CollectionNotFound, errors.CollectionReferenced, errors.VersionMismatch],
    )
    def delete(self, name, session):
        """Delete a collection with all its records and files."""
        collections.remove(session, name=name, matches=matcher())
