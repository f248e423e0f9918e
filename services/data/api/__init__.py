"""The URL map: which resource answers where."""

from services.data.api.collections import Collection, Collections
from services.data.api.definitions import CollectionDefinitions
from services.data.api.files import File, RecordFile
from services.data.api.imports import Import, Imports
from services.data.api.records import Record, Records

URLS = [
    ("/v1/data/collections", Collections),
    ("/v1/data/collections/<name>", Collection),
    ("/v1/data/collections/<name>/records", Records),
    ("/v1/data/collections/<name>/records/<id:record_id>", Record),
    ("/v1/data/collections/<name>/records/<id:record_id>/files/<field>", RecordFile),
    ("/v1/data/collections/<name>/imports", Imports),
    ("/v1/data/imports/<id:import_id>", Import),
    ("/v1/data/files/<id:file_id>", File),
    ("/v1/data/files/<id:file_id>/<variant>", File),
    ("/internal/collections", CollectionDefinitions),
]
