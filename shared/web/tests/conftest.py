"""A small service with one resource of each kind, on both databases."""

import pytest
from sqlalchemy import Column, MetaData, String, Table, insert, select

from shared.database import Database, migrator
from shared.settings import Settings
from shared.testing.identity import settings_for, trust_test_keys
from shared.web import Input, Output, Page, PageQuery, Resource, create_service, decode_cursor, encode_cursor, endpoint

notes = Table("notes", MetaData(), Column("text", String(100), primary_key=True))


class NewNote(Input):
    text: str
    size: int = 1


class NoteView(Output):
    text: str


class Notes(Resource):
    @endpoint(body=NewNote, answer=NoteView, status=201, access="anyone")
    def post(self, session, body):
        """Write a note.

        Twice the same is an error.
        """
        session.execute(insert(notes).values(text=body.text))
        if body.text == "fails":
            raise RuntimeError("hidden")
        return NoteView(text=body.text), {"Location": f"/v1/test/notes/{body.text}"}

    @endpoint(query=PageQuery, answer=Page[NoteView], access="anyone")
    def get(self, session, query):
        """List the notes."""
        after = decode_cursor(query.cursor, str)[0] if query.cursor else ""
        found = session.scalars(
            select(notes.c.text).where(notes.c.text > after).order_by(notes.c.text).limit(query.limit + 1)
        ).all()
        has_more = len(found) > query.limit
        items = [NoteView(text=text) for text in found[: query.limit]]
        return Page(items=items, next=encode_cursor(items[-1].text) if has_more else None)


class Note(Resource):
    @endpoint(access="user")
    def delete(self, identity, note_id):
        """Forget a note."""

    @endpoint(access="admin", answer=NoteView)
    def get(self, note_id):
        """Show a note."""
        return {"text": note_id}


URLS = [("/v1/test/notes", Notes), ("/v1/test/notes/<id:note_id>", Note)]


@pytest.fixture
def database(database_url):
    database = Database().connect(database_url)
    migrator.upgrade(database)
    notes.metadata.create_all(database.engine)
    yield database
    database.dispose()


@pytest.fixture
def app(database, database_url):
    settings = settings_for(Settings, database_url)
    app = create_service("test", settings, urls=URLS)
    own = Database()
    own.init_app(app, settings)
    trust_test_keys(app)
    yield app
    own.dispose()


@pytest.fixture
def client(app):
    return app.test_client()
