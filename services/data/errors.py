"""Every problem that data can raise."""

from shared.problems import (
    Conflict,
    Forbidden,
    Invalid,
    NotFound,
    PreconditionFailed,
    TooLarge,
    Unavailable,
    UnsupportedMediaType,
)


class CollectionNotFound(NotFound):
    """There is no collection of that name."""


class CollectionExists(Conflict):
    """A collection of that name exists already."""


class CollectionReferenced(Conflict):
    """Other collections have relations to this one; it can't be deleted before them."""


class DefinitionInvalid(Invalid):
    """The collection's fields or rules can't be as they were given."""


class SchemaMoved(Unavailable):
    """The collections are being changed again and again; ask once more."""


class RecordNotFound(NotFound):
    """There is no such record, or you may not see it."""


class RecordInvalid(Invalid):
    """Some values do not fit the collection's fields."""


class ValueTaken(Conflict):
    """Another record has this value in a field whose values are unique."""


class RecordReferenced(Conflict):
    """Other records refer to this one; it can't be deleted before them."""


class AccessRefused(Forbidden):
    """The collection's rules do not allow that to you."""


class VersionMismatch(PreconditionFailed):
    """It has changed since the version named in If-Match."""


class SortInvalid(Invalid):
    """The records can't be sorted like that."""


class CursorRefused(ValueError):
    """A position that is none of the list's order; the door answers it as any bad cursor."""


class FieldNotFound(NotFound):
    """The collection has no file field of that name."""


class FileNotFound(NotFound):
    """There is no such file, or you may not see it."""


class FileNameRefused(Invalid):
    """That can't be the name of a file."""


class FileTypeMismatch(UnsupportedMediaType):
    """The file's content is not what its Content-Type says."""


class FileTypeMissing(UnsupportedMediaType):
    """An upload is the file's own bytes, with its own Content-Type."""


class FileEmpty(Invalid):
    """The file has no content."""


class FileTooLarge(TooLarge):
    """The file is larger than an upload may be."""


class ImportNotFound(NotFound):
    """There is no such import, or it is not yours."""


class ImportTypeRefused(UnsupportedMediaType):
    """An import is a CSV file, sent as text/csv."""


class ImportRowInvalid(Invalid):
    """A row of the import does not fit the collection; nothing of the import was written."""


class ImportTooLong(Invalid):
    """The import has too many rows; nothing of it was written."""


class ImportValueTaken(Conflict):
    """A row of the import repeats a value that must be unique; nothing of the import was written."""


class ImportCollectionGone(Conflict):
    """The collection was deleted or made anew while the import was running; nothing of the import was written."""
