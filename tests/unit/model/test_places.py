import pytest

from groundwire.model.places import Place, describe_place, span_places


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
