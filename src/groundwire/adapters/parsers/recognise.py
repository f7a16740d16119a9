"""The pages of a document that are pictures, and what comes of reading them."""

from collections.abc import Callable, Iterable, Sequence
from itertools import groupby
from typing import NamedTuple

from PIL import Image

from groundwire.adapters.parsers.ocr import INSTALL, Ocr
from groundwire.model.documents import Unread
from groundwire.model.errors import UnreadableDocument

MAX_PAGES = 1000
DPI = 300
MAX_PIXELS = 40_000_000


class Picture(NamedTuple):
    """A page, by its number from 1. ``draw`` returns it at `DPI`, grey (mode ``L``)."""

    page: int
    draw: Callable[[], Image.Image]


class Recognised(NamedTuple):
    """The paragraphs of each page that could be read, and the pages that could not."""

    paragraphs: dict[int, list[str]]
    unread: tuple[Unread, ...] = ()


def recognise(
    pictures: Iterable[Picture], ocr: Ocr | None, alive: Callable[[], None]
) -> Recognised:
    """Read ``pictures``, telling before each that all is well."""
    pictures = list(pictures)
    lost: list[tuple[int, UnreadableDocument]] = []
    paragraphs: dict[int, list[str]] = {}
    for count, picture in enumerate(pictures):
        alive()
        try:
            if ocr is None:
                raise _missing()
            if count >= MAX_PAGES:
                raise _too_many()
            paragraphs[picture.page] = ocr.paragraphs(picture.draw(), DPI)
        except UnreadableDocument as error:
            lost.append((picture.page, error))
    return Recognised(paragraphs, tuple(_unread(lost)))


def fit(width: float, height: float) -> float:
    """Return by what to multiply a picture's sides so that it is within `MAX_PIXELS`."""
    return min(1.0, (MAX_PIXELS / max(width * height, 1.0)) ** 0.5)


def _unread(lost: Sequence[tuple[int, UnreadableDocument]]) -> Iterable[Unread]:
    """Yield the pages that were lost for the same reason together."""
    by_reason: dict[str, list[tuple[int, UnreadableDocument]]] = {}
    for page, error in lost:
        by_reason.setdefault(error.message, []).append((page, error))
    for same in by_reason.values():
        error = same[0][1]
        pages = span([page for page, _ in same])
        yield Unread(where=f"p. {pages}", code=error.reason, reason=error.message)


def span(pages: Sequence[int]) -> str:
    """Write ``pages``, which are in order, as in ``3, 5–7``."""
    runs = groupby(enumerate(pages), key=lambda each: each[1] - each[0])
    ends = [[page for _, page in run] for _, run in runs]
    return ", ".join(f"{run[0]}–{run[-1]}" if len(run) > 1 else str(run[0]) for run in ends)


def _missing() -> UnreadableDocument:
    return UnreadableDocument(
        "needs_ocr",
        "This is a picture of text, and there is nothing here to read it with. Whoever runs this "
        f"server can {INSTALL}; then remove the document and upload it again.",
    )


def _too_many() -> UnreadableDocument:
    return UnreadableDocument(
        "too_large", f"Of one file, the text of {MAX_PAGES:,} pictures is recognised. Split it."
    )
