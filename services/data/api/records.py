"""Records of a collection, for whom its rules allow."""

from flask import Response

from services.data import errors
from services.data.actions import lists, records
from services.data.actions.changes import Shown
from services.data.api.conditions import is_known, matcher, tag
from services.data.schemas import RecordBody, RecordPage, RecordQuery, RecordView
from shared.rules import RuleSyntax, RuleTypes, RuleUnknownField
from shared.web import InvalidCursor, Resource, decode_cursor, encode_cursor, endpoint

WRITING = [errors.RecordInvalid, errors.ValueTaken, errors.AccessRefused, errors.CollectionNotFound]
CHANGING = [*WRITING, errors.RecordNotFound, errors.VersionMismatch]


def answer(shown: Shown):
    return shown.record, tag(shown.version)


class Records(Resource):
    @endpoint(
        access="optional",
        query=RecordQuery,
        answer=RecordPage,
        problems=[
            errors.CollectionNotFound,
            errors.SortInvalid,
            errors.AccessRefused,
            InvalidCursor,
            RuleSyntax,
            RuleTypes,
            RuleUnknownField,
        ],
    )
    def get(self, name, session, query, identity):
        """List the records that match a filter."""
        try:
            page = lists.page(
                session,
                collection_name=name,
                filter_text=query.filter,
                sort=query.sort,
                limit=query.limit,
                after=decode_cursor(query.cursor) if query.cursor else None,
                is_counted=query.count is not None,
                me=identity,
            )
        except errors.CursorRefused:
            raise InvalidCursor from None
        following = encode_cursor(*page.position) if page.position else None
        return RecordPage.model_construct(items=page.records, next=following, count=page.count)

    @endpoint(access="optional", body=RecordBody, answer=RecordView, status=201, problems=WRITING)
    def post(self, name, session, body, identity):
        """Create a record."""
        shown = records.create(session, collection_name=name, given=body.root, me=identity)
        return shown.record, {"Location": f"/v1/data/collections/{name}/records/{shown.record['id']}", **tag(1)}


class Record(Resource):
    @endpoint(access="optional", answer=RecordView, problems=[errors.CollectionNotFound, errors.RecordNotFound])
    def get(self, name, record_id, session, identity):
        """Show a record."""
        shown = records.view(session, collection_name=name, record_id=record_id, me=identity)
        if is_known(shown.version):
            return Response(status=304, headers=tag(shown.version))
        return answer(shown)

    @endpoint(access="optional", body=RecordBody, answer=RecordView, problems=CHANGING)
    def put(self, name, record_id, session, body, identity):
        """Replace a record's values; what is not given becomes null, files stay."""
        return answer(
            records.replace(
                session, collection_name=name, record_id=record_id, given=body.root, matches=matcher(), me=identity
            )
        )

    @endpoint(access="optional", body=RecordBody, answer=RecordView, problems=CHANGING)
    def patch(self, name, record_id, session, body, identity):
        """Change some of a record's values."""
        return answer(
            records.change(
                session, collection_name=name, record_id=record_id, given=body.root, matches=matcher(), me=identity
            )
        )

    @endpoint(access="optional", status=204, problems=[*CHANGING, errors.RecordReferenced])
    def delete(self, name, record_id, session, identity):
        """Delete a record and its files."""
        records.remove(session, collection_name=name, record_id=record_id, matches=matcher(), me=identity)
