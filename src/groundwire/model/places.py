"""Where in a file something stands. Pure."""

from bisect import bisect_left, bisect_right
from collections.abc import Sequence
from itertools import takewhile
from typing import Literal, Protocol

import msgspec

Unit = Literal["slide", "row", "line", "second"]


class Place(msgspec.Struct, frozen=True, kw_only=True):
    """Where in a file something stands, in units other than pages: ``first`` to ``last``.

    Slides, rows of a sheet and lines count from 1, seconds from 0.
    """

    unit: Unit
    first: int
    last: int


class Spot(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """Where a text stands from its code point ``at`` on, as far as the next spot.

    Where ``place`` counts as many rows or lines as the text there has, each line has its own.
    """

    at: int
    page: int | None = None
    headings: tuple[str, ...] = ()
    place: Place | None = None


class Standing(Protocol):
    """A text of a document with its place; ``spots`` only if not all of it stands there alike."""

    @property
    def text(self) -> str: ...
    @property
    def page(self) -> int | None: ...
    @property
    def headings(self) -> tuple[str, ...]: ...
    @property
    def place(self) -> Place | None: ...
    @property
    def spots(self) -> tuple[Spot, ...]: ...


def spots_of(standing: Standing) -> tuple[Spot, ...]:
    """Return where each part of it stands, of one that stands alike all of it as well."""
    whole = Spot(at=0, page=standing.page, headings=standing.headings, place=standing.place)
    return standing.spots or (whole,)


def locate(standing: Standing, start: int, end: int) -> Spot:
    """Return where its text from ``start`` to ``end`` (code points, exclusive) stands."""
    spots = spots_of(standing)
    ats = [spot.at for spot in spots]
    first, last = max(bisect_right(ats, start) - 1, 0), max(bisect_left(ats, end), 1)
    bounds = [*ats[1:], len(standing.text)]
    touched = range(first, last)
    return Spot(
        at=start,
        page=spots[first].page,
        headings=common_path([spots[index].headings for index in touched]),
        place=span_places(
            [_narrowed(standing.text, spots[i], bounds[i], (start, end)) for i in touched]
        ),
    )


def _narrowed(text: str, spot: Spot, bound: int, quoted: tuple[int, int]) -> Place | None:
    """Return the rows or lines of ``spot`` that are quoted, if each line of it is one."""
    place, lines = spot.place, text[spot.at : bound].rstrip("\n").count("\n")
    if place is None or not counts_lines(place, lines + 1):
        return place
    start, end = max(quoted[0], spot.at), min(quoted[1], bound)
    first = place.first + min(text.count("\n", spot.at, start), lines)
    last = place.first + min(text.count("\n", spot.at, max(end - 1, start)), lines)
    return Place(unit=place.unit, first=first, last=last)


def counts_lines(place: Place, lines: int) -> bool:
    """Say whether each of ``lines`` lines that stand at ``place`` is one row or line of it."""
    return place.unit in ("row", "line") and place.last - place.first + 1 == lines


def common_path(paths: Sequence[tuple[str, ...]]) -> tuple[str, ...]:
    """Return the headings that all of ``paths`` begin with."""
    columns = zip(*paths, strict=False)
    return tuple(column[0] for column in takewhile(lambda c: len(set(c)) == 1, columns))


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
