"""Where in a file something stands. Pure."""

from collections.abc import Sequence
from typing import Literal

import msgspec

Unit = Literal["slide", "row", "line", "second"]


class Place(msgspec.Struct, frozen=True, kw_only=True):
    """Where in a file something stands, in units other than pages: ``first`` to ``last``.

    Slides, rows of a sheet and lines count from 1, seconds from 0.
    """

    unit: Unit
    first: int
    last: int


def span_places(places: Sequence[Place | None]) -> Place | None:
    """Return the place that reaches over ``places``, if they count in the same unit."""
    known = [place for place in places if place is not None]
    if not known or len({place.unit for place in known}) > 1:
        return None
    first, last = min(place.first for place in known), max(place.last for place in known)
    return Place(unit=known[0].unit, first=first, last=last)


def describe_place(page: int | None, place: Place | None) -> str:
    """Return in a few words where a passage stands; empty where only its headings tell."""
    if place is None:
        return f"p. {page}" if page is not None else ""
    if place.unit == "second":
        first, last = _clock(place.first), _clock(place.last)
    else:
        first, last = str(place.first), str(place.last)
    unit = "" if place.unit == "second" else f"{place.unit} "
    if first == last:
        return unit + first
    return f"{unit.replace(' ', 's ')}{first}–{last}"


def _clock(seconds: int) -> str:
    return f"{seconds // 3600}:{seconds // 60 % 60:02}:{seconds % 60:02}"
