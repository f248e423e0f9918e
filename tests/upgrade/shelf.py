"""A small service in three releases, each laid down in a copy of the library: before, during and after an update.

Release 1 notes books. Release 2 expands: a book gains a language, and nobody uses its remark any more. Release 3 has
the same code and contracts: the remark goes, the language loses the default that was there for release 1.
"""

import shutil
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
EXPAND, CONTRACT = 2, 3

EVENT = '''"""What shelf tells."""

from shared.events.base import Event


class BookAdded(Event):
    """A book was noted."""

    book_id: str
    title: str
{more}
    @property
    def subject(self) -> str:
        return f"books/{{self.book_id}}"
'''

APP = '''"""shelf: notes books, and which release has heard of which."""

from sqlalchemy import String, select
from sqlalchemy.orm import Mapped, mapped_column

from shared.bus import announce
from shared.database import Id
from shared.events.shelf import BookAdded
from shared.ids import new_id
from shared.service import Service
from shared.web import Resource, endpoint
from shared.web.shapes import Input, Output


class NewBook(Input):
    """A book to be noted."""

    title: str
{more}

class BookView(NewBook, Output):
    """A noted book."""

    id: str


class HeardView(Output):
    """Which release has heard of a book, and what of it."""

    book_id: str
    release: int
{more}

class Books(Resource):
    """The books."""

    @endpoint(access="anyone", body=NewBook, answer=BookView, status=201)
    def post(self, session, body):
        """Note a book."""
        book = Book(id=new_id(), **body.model_dump())
        session.add(book)
        announce(session, BookAdded(book_id=book.id, **body.model_dump()))
        return BookView(id=book.id, **body.model_dump())

    @endpoint(access="anyone", answer=list[BookView])
    def get(self, session):
        """List the books."""
        return [BookView.model_validate(book) for book in session.scalars(select(Book))]


class HeardBooks(Resource):
    """What was heard of."""

    @endpoint(access="anyone", answer=list[HeardView])
    def get(self, session):
        """List what was heard of."""
        return [HeardView.model_validate(heard) for heard in session.scalars(select(Heard))]


service = Service("shelf", urls=[("/v1/shelf/books", Books), ("/v1/shelf/heard", HeardBooks)])
create_app = service.create_app


class Book(service.Model):
    """A noted book."""

    __tablename__ = "books"

    id: Mapped[str] = mapped_column(Id, primary_key=True)
    title: Mapped[str] = mapped_column(String(100))
{column}

class Heard(service.Model):
    """A book that was heard of; twice, if it was told twice."""

    __tablename__ = "heard"

    number: Mapped[int] = mapped_column(primary_key=True)
    book_id: Mapped[str] = mapped_column(Id)
    release: Mapped[int]
{heard}

@service.on(BookAdded)
def hear(session, event, _envelope):
    session.add(Heard(book_id=event.book_id, release={release}{told}))
'''

BEGIN = '''"""Books, and what was heard of them."""

import sqlalchemy as sa
from alembic import op

revision = "shelf_0001"
down_revision = None
branch_labels = ("shelf",)
depends_on = None


def upgrade() -> None:
    op.create_table(
        "books",
        sa.Column("id", sa.Uuid, primary_key=True),
        sa.Column("title", sa.String(100), nullable=False),
        sa.Column("remark", sa.String(100)),
    )
    op.create_table(
        "heard",
        sa.Column("number", sa.Integer, primary_key=True),
        sa.Column("book_id", sa.Uuid, nullable=False),
        sa.Column("release", sa.Integer, nullable=False),
    )


def downgrade() -> None:
    op.drop_table("heard")
    op.drop_table("books")
'''

MIGRATIONS = {
    EXPAND: '''"""A book's language, with a default for whoever does not know of it."""

import sqlalchemy as sa
from alembic import op

revision = "shelf_0002"
down_revision = "shelf_0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    for table in ("books", "heard"):
        op.add_column(table, sa.Column("language", sa.String(10), nullable=False, server_default="en"))


def downgrade() -> None:
    for table in ("books", "heard"):
        op.drop_column(table, "language")
''',
    CONTRACT: '''"""The remark that nobody uses goes, and the default that release 1 needed."""

import sqlalchemy as sa
from alembic import op

revision = "shelf_0003"
down_revision = "shelf_0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    with op.batch_alter_table("books") as books:
        books.drop_column("remark")
        books.alter_column("language", existing_type=sa.String(10), server_default=None)


def downgrade() -> None:
    with op.batch_alter_table("books") as books:
        books.add_column(sa.Column("remark", sa.String(100)))
        books.alter_column("language", existing_type=sa.String(10), server_default="en")
''',
}


def lay(release: int, folder: Path) -> Path:
    """A copy of the library with the service in it, as that release of it is; gives its folder."""
    shutil.copytree(ROOT / "shared", folder / "shared", ignore=shutil.ignore_patterns("tests", "__pycache__"))
    versions = folder / "services/shelf/migrations/versions"
    versions.mkdir(parents=True)
    shutil.copy2(ROOT / "services/gunicorn.conf.py", folder / "services")
    (folder / "services/shelf/__init__.py").write_text('"""shelf: notes books."""\n')
    (folder / "services/shelf/app.py").write_text(_app(release))
    (folder / "shared/events/shelf.py").write_text(EVENT.format(more=_field(release)))
    (versions / "0001_books.py").write_text(BEGIN)
    for number in range(EXPAND, release + 1):
        (versions / f"000{number}_release.py").write_text(MIGRATIONS[number])
    return folder


def _field(release: int) -> str:
    return "" if release < EXPAND else '    language: str = "en"\n'


def _app(release: int) -> str:
    if release < EXPAND:
        column = "    remark: Mapped[str | None] = mapped_column(String(100))\n"
        return APP.format(more="", column=column, heard="", told="", release=release)
    column = "    language: Mapped[str] = mapped_column(String(10))\n"
    told = ", language=event.language"
    return APP.format(more=_field(release), column=column, heard=column, told=told, release=release)
