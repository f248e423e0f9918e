"""Files in the fields of records: uploaded as their own bytes, handed out by the gateway."""

from flask import Response, current_app, request

from services.data import errors
from services.data.actions import files
from services.data.api.conditions import matcher, tag
from services.data.content.names import checked_name, disposition
from services.data.content.sniffing import declared_type
from services.data.content.uploads import taken
from services.data.extensions import database
from services.data.extensions import files as object_files
from services.data.schemas import RecordView, UploadQuery
from shared.web import Resource, endpoint


class RecordFile(Resource):
    @endpoint(
        access="optional",
        query=UploadQuery,
        answer=RecordView,
        idempotent=False,
        problems=[
            errors.RecordNotFound,
            errors.FieldNotFound,
            errors.AccessRefused,
            errors.VersionMismatch,
            errors.FileNameRefused,
            errors.FileTypeMissing,
            errors.FileTypeMismatch,
            errors.FileEmpty,
            errors.FileTooLarge,
        ],
    )
    def put(self, name, record_id, field, query, identity):
        """Upload a file into a record's field: the body is the file, Content-Type its type, `name` its name."""
        place = {"collection_name": name, "record_id": record_id, "field": field, "me": identity}
        file_name, type_ = checked_name(query.name), declared_type(request.content_type)
        with database.reading() as session:
            files.check_upload(session, **place)
        with taken(type_=type_, area="files", **upload()) as stored, database.transaction() as session:
            content = files.Upload(file_name, type_, stored)
            shown = files.put(session, upload=content, matches=matcher(), **place)
        return shown.record, tag(shown.version)


class File(Resource):
    @endpoint(access="optional", problems=[errors.FileNotFound])
    def get(self, file_id, session, identity, variant=None):
        """Download a file or one of its variants."""
        found = files.find(session, file_id=file_id, variant=variant, me=identity)
        response = Response(status=200, content_type=found.content_type)
        response.headers["X-Accel-Redirect"] = f"/_files/{found.storage_key}"
        response.headers["Content-Disposition"] = disposition(found.name, found.content_type)
        response.headers["X-Content-Type-Options"] = "nosniff"
        response.headers["Cache-Control"] = "private, no-cache"
        response.set_etag(found.tag)
        if response.make_conditional(request).status_code == 304:
            del response.headers["X-Accel-Redirect"]
        return response


def upload() -> dict:
    """The request's body as `taken` wants it: the limit is the upload's own, not that of JSON bodies."""
    limit = current_app.extensions["settings"].max_upload_bytes
    if (request.content_length or 0) > limit:
        raise errors.FileTooLarge(f"A file has at most {limit} bytes.")
    request.max_content_length = limit + 1  # beyond the limit the object store says no, in the upload's own words
    return {"store": object_files.store, "stream": request.stream, "limit": limit}
