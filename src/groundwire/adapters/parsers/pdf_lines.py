"""What is known of a PDF's text before it is arranged: lines and their place. Pure."""

import re
from typing import NamedTuple

import msgspec

_WIDE = re.compile("[\u2e80-\uffef]")
# In type sizes: a space is a quarter of one, a letter half of one, a Chinese character one.
GAP = 1.2
_LETTER = 0.56
_SLACK = 1.5


class Cell(NamedTuple):
    """What stands between wide gaps of a line, from where to where."""

    text: str
    left: float
    right: float


class Line(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """``left``, ``right``, ``y`` and ``foot`` in points from the lower left corner.

    ``y`` is the baseline that it begins on, ``foot`` the one that it ends on. ``edge`` is how
    far it is from the top or bottom of the page, as a share of its height. ``cells`` is empty
    in a line without gaps, as in most it is.
    """

    text: str
    left: float
    right: float
    y: float
    foot: float
    size: float
    bold: bool = False
    mono: bool = False
    edge: float = 0.5
    cells: tuple[Cell, ...] = ()


class Entry(NamedTuple):
    """A heading of the outline; ``level`` from 1, ``page`` from 1."""

    title: str
    level: int
    page: int


def is_loose(text: str, width: float, size: float) -> bool:
    """Say whether ``text`` takes so much more room than its letters that there are gaps in it."""
    if width <= (_LETTER * len(text) + _SLACK) * size:
        return False  # of most lines this is all that has to be asked
    letters = len(text) + len(_WIDE.findall(text))
    return width > (_LETTER * letters + _SLACK) * size
