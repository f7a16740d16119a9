from typing import Any

import pytest

from groundwire.model.ids import DocumentId, PassageId
from groundwire.model.passages import Passage
from groundwire.model.places import Place, Spot, describe_place, locate, span_places


@pytest.mark.parametrize(
    ("page", "place", "said"),
    [
        (None, None, ""),
        (3, None, "p. 3"),
        (3, Place(unit="slide", first=3, last=3), "slide 3"),
        (3, Place(unit="slide", first=3, last=4), "slides 3–4"),
        (None, Place(unit="row", first=2, last=14), "rows 2–14"),
        (None, Place(unit="line", first=10, last=10), "line 10"),
        (None, Place(unit="second", first=62, last=3723), "0:01:02–1:02:03"),
        (None, Place(unit="second", first=5, last=5), "0:00:05"),
    ],
)
def test_a_place_is_said_in_the_units_of_its_format(
    page: int | None, place: Place | None, said: str
) -> None:
    assert describe_place(page, place) == said


LINES = Place(unit="line", first=3, last=4)


@pytest.mark.parametrize(
    ("places", "span"),
    [
        ([], None),
        ([None], None),
        ([LINES, None], LINES),
        ([Place(unit="line", first=9, last=9), LINES], Place(unit="line", first=3, last=9)),
        ([LINES, Place(unit="row", first=3, last=4)], None),
    ],
)
def test_places_of_one_unit_reach_from_the_first_to_the_last(
    places: list[Place | None], span: Place | None
) -> None:
    assert span_places(places) == span


def passage(text: str, **said: Any) -> Passage:
    ids = {"id": PassageId("d:1"), "document": DocumentId("d"), "title": "Guide"}
    return Passage(**ids, text=text, score=1.0, relevance=1.0, **said)  # pyright: ignore[reportArgumentType]


def at(passage: Passage, quote: str) -> Spot:
    start = passage.text.index(quote)
    return locate(passage, start, start + len(quote))


def test_what_stands_alike_stands_where_its_passage_does() -> None:
    slide = Place(unit="slide", first=3, last=3)
    text = passage("One. Two.", page=3, headings=("Lamp",), place=slide)

    assert at(text, "Two.") == Spot(at=5, page=3, headings=("Lamp",), place=slide)


def test_of_rows_and_lines_those_are_told_that_are_quoted() -> None:
    table = passage("a | b\nc | d\ne | f", place=Place(unit="row", first=7, last=9))

    assert at(table, "a | b").place == Place(unit="row", first=7, last=7)
    assert at(table, "c | d\ne").place == Place(unit="row", first=8, last=9)
    assert at(table, "c | d\n").place == Place(unit="row", first=8, last=8)


def test_rows_that_are_not_the_lines_of_the_text_are_told_as_they_are() -> None:
    rows = Place(unit="row", first=7, last=99)

    assert at(passage("a | b\nc | d", place=rows), "c | d").place == rows


def test_a_part_is_told_by_its_own_spot_and_several_by_what_they_share() -> None:
    spots = (
        Spot(at=0, page=1, headings=("Lamp", "Oil"), place=Place(unit="row", first=1, last=1)),
        Spot(at=3, page=2, headings=("Lamp", "Wick"), place=Place(unit="row", first=4, last=5)),
    )
    text = passage("ab\ncd\nef", page=1, headings=("Lamp",), spots=spots)

    assert at(text, "b") == Spot(at=1, page=1, headings=("Lamp", "Oil"), place=spots[0].place)
    assert at(text, "ef").place == Place(unit="row", first=5, last=5)
    assert at(text, "ef").page == 2
    assert at(text, "b\ncd") == Spot(
        at=1, page=1, headings=("Lamp",), place=Place(unit="row", first=1, last=4)
    )
