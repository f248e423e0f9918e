"""What comes in and what goes out."""

from datetime import datetime
from typing import Annotated, Any

from pydantic import ConfigDict, Field, JsonValue, RootModel, StringConstraints

from services.data.schema.fields import FieldDefinition, Name, Rules
from shared.web import Input, Output, Page, PageQuery, Query

RuleText = Annotated[str, StringConstraints(max_length=2000)] | None


class NewCollection(Input):
    """A collection as an admin defines it."""

    model_config = ConfigDict(strict=False)

    name: Name
    fields: list[FieldDefinition] = Field(max_length=100)
    rules: Rules = Rules()


class ChangedRules(Input):
    """The rules that change; null leaves an operation to admins."""

    list: RuleText = None
    view: RuleText = None
    create: RuleText = None
    update: RuleText = None
    delete: RuleText = None


class ChangedCollection(Input):
    """New rules in place of old ones, and fields that are added."""

    model_config = ConfigDict(strict=False)

    rules: ChangedRules = ChangedRules()
    fields: list[FieldDefinition] = Field(default=[], max_length=100)


class CollectionView(Output):
    """A collection: its fields, its rules, and the version of both."""

    name: str
    fields: list[FieldDefinition]
    rules: Rules
    rules_version: int
    created_at: datetime
    updated_at: datetime


class CollectionList(Output):
    """Every collection, by name."""

    items: list[CollectionView]


class RecordBody(RootModel[dict[str, JsonValue]]):
    """A record's values by field name."""


class RecordView(RootModel[dict[str, Any]]):
    """A record: id, version, created_at, updated_at and its fields; a file is {id, name, type, size, url, variants}."""


class RecordQuery(PageQuery):
    """Which records, in which order."""

    filter: str | None = Field(None, max_length=2000, description='A rule, such as state = "AK" && latitude > 60')
    sort: str | None = Field(None, max_length=200, description="At most three fields: -created_at,name")
    count: str | None = Field(None, pattern="^exact$", description="exact: count the records of all pages")


class RecordPage(Page[dict[str, Any]]):
    """A page of records; `count`, of all pages, where it was asked for."""

    count: int | None = Field(None, exclude_if=lambda count: count is None)


class UploadQuery(Query):
    """What the uploaded file is called."""

    name: str | None = Field(None, max_length=1000)


class ImportView(Output):
    """An import and how far it is; `problem` says why it failed."""

    id: str
    job_id: str
    collection: str
    state: str
    rows_staged: int
    rows_written: int
    problem: dict[str, Any] | None
    created_at: datetime
    finished_at: datetime | None


class Definitions(Output):
    """Every collection's definition, for services that follow its changes from here on."""

    schema_version: int
    items: list[CollectionView]
