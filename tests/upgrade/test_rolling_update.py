"""A column is added while the old release runs, old and new run side by side, and the rest is cleared away later."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from shared.testing import eventually
from tests.upgrade.running import Api, Site
from tests.upgrade.shelf import CONTRACT, EXPAND, lay

EACH = 15
pytestmark = [pytest.mark.slow, pytest.mark.timeout(900)]


@pytest.fixture(scope="module")
def releases(tmp_path_factory) -> dict[int, Path]:
    """The folder of each release by its number."""
    folder = tmp_path_factory.mktemp("releases")
    return {number: lay(number, folder / f"release-{number}") for number in (1, EXPAND, CONTRACT)}


@pytest.fixture
def site(database_url, redis_url) -> Iterator[Site]:
    site = Site(database_url, redis_url)
    yield site
    site.close()


def heard_by(api: Api, *books: str) -> set[int]:
    """Which releases have handled the books' events, once each was handled; each of them once."""
    found = eventually(lambda: (heard := api.heard()).keys() >= set(books) and heard)
    assert [len(found[book]) for book in books] == [1] * len(books)
    return {found[book][0]["release"] for book in books}


def written_at_once(*apis: Api) -> list[str]:
    """Books written through all of them at the same time, each of which reads in between."""

    def write(number: int) -> str:
        book = apis[number % len(apis)].add(f"book {number}")
        assert all(book in api.books() for api in apis)
        return book

    with ThreadPoolExecutor(4) as pool:
        return list(pool.map(write, range(EACH * len(apis))))


def test_a_column_is_added_by_expand_then_contract_while_old_and_new_run(site, releases):
    site.migrate(releases[1])
    old, old_bus = site.api(releases[1]), site.bus(releases[1])
    first = old.add("before")
    assert heard_by(old, first) == {1}

    site.migrate(releases[EXPAND])  # beneath the old release, which goes on
    second = old.add("old code on the new schema")
    assert heard_by(old, second) == {1}

    new = site.api(releases[EXPAND])
    french = new.add("new code beside the old", language="fr")
    assert heard_by(old, french) == {1}  # its event has a field that the old handler does not know
    assert {book["language"] for book in new.books().values()} == {"en", "fr"}
    assert all("language" not in book for book in old.books().values())

    new_bus = site.bus(releases[EXPAND])
    together = written_at_once(old, new)
    assert heard_by(new, *together) <= {1, EXPAND}

    assert old_bus.end() == 0
    late = old.add("the old code's last")
    assert heard_by(new, late) == {EXPAND}  # its event lacks a field that the new handler knows
    assert new.heard()[late][0]["language"] == "en"

    assert old.end() == 0
    site.migrate(releases[CONTRACT])  # beneath the new release, since the old one is gone
    after = new.add("after", language="de")
    assert heard_by(new, after) == {EXPAND}
    books = {first, second, french, *together, late, after}
    assert new.books().keys() == books
    assert new.books()[french]["language"] == "fr"

    site.migrate(releases[CONTRACT], "--down", "shelf@-1")  # and back, for the old release to run again beside the new
    again = site.api(releases[1])
    books.add(again.add("the old release again"))
    assert again.books().keys() == new.books().keys() == books
    assert again.end() == 0
    assert new_bus.end() == new.end() == 0
    assert site.complaints() == []


def test_who_contracts_before_the_old_release_is_gone_breaks_it(site, releases):
    site.migrate(releases[1])
    old = site.api(releases[1])
    old.add("before")
    site.migrate(releases[CONTRACT])
    assert old.ask("GET", "/v1/shelf/books").status_code == 500
    assert old.ask("POST", "/v1/shelf/books", json={"title": "after"}).status_code == 500
    assert site.complaints() != []
