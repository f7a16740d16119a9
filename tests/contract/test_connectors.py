"""What every connector promises, on real places: a folder, repositories, a site."""

from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, aclosing
from pathlib import Path

import pytest

from groundwire.model.errors import FeedFailed, InvalidField
from groundwire.model.feeds import FeedOptions
from groundwire.ports.connector import Item
from tests.support.places import (
    Place,
    open_folder,
    open_pages,
    open_repository,
    open_served_repository,
    visit,
)

OPENERS: dict[str, Callable[[Path], AbstractAsyncContextManager[Place]]] = {
    "folder": open_folder,
    "repository": open_repository,
    "repository over HTTP": open_served_repository,
    "site": open_pages,
}


@pytest.fixture(params=OPENERS)
async def place(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Place]:
    async with OPENERS[request.param](tmp_path) as place:
        yield place


def texts_of(found: dict[str, bytes]) -> dict[str, str]:
    """Return texts by the last part of their uri, without the page that leads to them."""
    return {
        uri.rpartition("/")[2]: content.decode()
        for uri, content in found.items()
        if not uri.endswith("/")
    }


async def test_all_that_is_there_is_found_with_its_bytes(place: Place) -> None:
    place.put(a="Apples.", b="香蕉。")

    found = await visit(place.connector, place.feed)

    assert texts_of(found.texts) == {"a.txt": "Apples.", "b.txt": "香蕉。"}
    assert all(name.endswith((".txt", ".html")) for name in found.names.values())
    assert not found.missed


async def test_what_is_unchanged_is_not_read_again(place: Place) -> None:
    place.put(a="Apples.", b="Bananas.")
    first = await visit(place.connector, place.feed)

    again = await visit(place.connector, place.feed, first.marks)

    assert not again.texts
    assert again.marks == first.marks


async def test_what_changed_came_and_went_is_told_apart(place: Place) -> None:
    place.put(a="Apples.", b="Bananas.", c="Cherries.")
    first = await visit(place.connector, place.feed)

    place.put(b="Bananas are yellow.", c=None, d="Dates.")
    again = await visit(place.connector, place.feed, first.marks)

    assert texts_of(again.texts) == {"b.txt": "Bananas are yellow.", "d.txt": "Dates."}
    assert {uri.rpartition("/")[2] for uri in again.marks} - {""} == {"a.txt", "b.txt", "d.txt"}
    assert not {uri for uri in again.marks if uri.endswith("c.txt")}


async def test_a_place_that_is_gone_says_so(place: Place) -> None:
    place.put(a="Apples.")
    first = await visit(place.connector, place.feed)
    place.vanish()

    with pytest.raises(FeedFailed) as raised:
        await visit(place.connector, place.feed, first.marks)

    assert raised.value.reason in ("not_found", "unreachable")


async def test_a_visit_may_be_left_in_the_middle(place: Place) -> None:
    place.put(a="Apples.", b="Bananas.")

    async with aclosing(place.connector.visit(place.feed, {})) as found:
        assert isinstance(await anext(found), Item)

    assert len((await visit(place.connector, place.feed)).texts) >= 2


@pytest.mark.parametrize("address", ["", "relative", "\x00", "ftp://example.org/x", "git@host:x"])
async def test_what_is_no_address_is_refused(place: Place, address: str) -> None:
    with pytest.raises(InvalidField):
        place.connector.check(address, FeedOptions())


async def test_an_address_is_brought_into_its_plain_form_once(place: Place) -> None:
    plain = place.connector.check(place.feed.address, FeedOptions())

    assert place.connector.check(plain, FeedOptions()) == plain
