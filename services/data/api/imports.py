"""Imports of CSV files into a collection, for admins."""

from functools import partial

from flask import request
from sqlalchemy.orm import Session

from services.data import errors, models
from services.data.actions import collections, imports
from services.data.api.files import upload
from services.data.content.uploads import taken
from services.data.extensions import database
from services.data.schemas import ImportView
from shared.web import Resource, endpoint


def view(entry: models.Import) -> ImportView:
    return ImportView(
        id=entry.id,
        job_id=entry.id,
        collection=entry.collection,
        state=entry.state,
        rows_staged=entry.rows_staged,
        rows_written=entry.rows_written,
        problem=entry.problem,
        created_at=entry.created_at,
        finished_at=entry.finished_at,
    )


class Imports(Resource):
    @endpoint(
        access="admin",
        answer=ImportView,
        status=202,
        problems=[errors.CollectionNotFound, errors.ImportTypeRefused, errors.FileEmpty, errors.FileTooLarge],
    )
    def post(self, name, identity, once):
        """Import the records of a CSV file, all of them or none; the answer's Location tells how far it is."""
        if request.mimetype != "text/csv":
            raise errors.ImportTypeRefused
        with database.reading() as session:
            collections.find(session, name=name)
        with taken(type_="text/csv", area="imports", **upload()) as stored:
            return once(partial(requested, collection_name=name, stored=stored, me=identity), content=stored.sha256)


def requested(session: Session, **wanted) -> tuple[ImportView, dict[str, str]]:
    """The answer to an import that is asked for."""
    entry = imports.request(session, **wanted)
    return view(entry), {"Location": f"/v1/data/imports/{entry.id}"}


class Import(Resource):
    @endpoint(access="user", answer=ImportView, problems=[errors.ImportNotFound])
    def get(self, import_id, session, identity):
        """Show how far an import is."""
        return view(imports.find(session, import_id=import_id, me=identity))
