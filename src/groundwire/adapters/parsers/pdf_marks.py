"""Where on a page of a PDF a text stands."""

# pypdfium2 has no type stubs; what comes from it is checked where it enters.
# pyright: reportMissingTypeStubs=false, reportUnknownMemberType=false
# pyright: reportUnknownVariableType=false, reportUnknownArgumentType=false

from collections.abc import Iterator

import pypdfium2
import pypdfium2.raw as pdfium

Box = tuple[float, float, float, float]
"""Left, bottom, right and top in points from the lower left corner of the page."""

# Fewer letters stand in many places by chance; a Chinese character tells as much as two.
_SEED = 20


def find_boxes(page: pypdfium2.PdfTextPage, text: str) -> Iterator[Box]:
    """Yield a box for each line of what is in ``text`` and on ``page``.

    Letters and digits alone are compared: the rest is what a parser had to guess.
    """
    letters, places = _letters_of(page)
    sought = "".join(filter(str.isalnum, text))
    for start, end in _runs(sought, letters):
        first, last = places[start], places[end - 1]
        for index in range(page.count_rects(first, last - first + 1)):
            yield page.get_rect(index)


def _letters_of(page: pypdfium2.PdfTextPage) -> tuple[str, list[int]]:
    """Return the letters of the page, and the index of each among its characters."""
    letters: list[str] = []
    places: list[int] = []
    for index in range(page.count_chars()):
        letter = chr(pdfium.FPDFText_GetUnicode(page.raw, index))
        if letter.isalnum():
            letters.append(letter)
            places.append(index)
    return "".join(letters), places


def _runs(sought: str, letters: str) -> Iterator[tuple[int, int]]:
    """Yield where in ``letters`` the longest pieces of ``sought`` stand, in its order."""
    at, after = 0, 0
    while at < len(sought):
        size = _seed_size(sought, at)
        seed = sought[at : at + size]
        found = letters.find(seed, after) if size else -1
        if found < 0 and size:
            found = letters.find(seed)
        if found < 0:
            at += 1
            continue
        end = found + size
        at += size
        while at < len(sought) and end < len(letters) and sought[at] == letters[end]:
            at, end = at + 1, end + 1
        yield found, end
        after = end


def _seed_size(sought: str, at: int) -> int:
    """Return how many letters from ``at`` on are enough to go by; 0 if there are too few.

    A text that has no more than these has enough.
    """
    weight = 0
    for size, letter in enumerate(sought[at : at + _SEED], start=1):
        weight += 2 if letter > "\u2e7f" else 1
        if weight >= _SEED:
            return size
    return len(sought) if at == 0 else 0
