"""What a search finds."""

from collections.abc import Sequence

import msgspec

from groundwire.model.ids import DocumentId, PassageId
from groundwire.model.places import Place, Spot


class Passage(msgspec.Struct, frozen=True, kw_only=True):
    """A chunk as found for a question, or chunks that follow each other on one page.

    ``score`` is in 0…1, higher is better, and only comparable within one search.
    ``relevance`` is how likely it is, in 0…1, that it has to do with the question at all,
    comparable between searches; below the floor of `retrieve.search` it is not used. It is that
    of words and meaning also where a reranker gave the ``score``.
    ``uri`` is where in the world its document is from. ``pinned``: it is there because its
    document is, whether or not it was found. ``spots`` say where each of its parts stands, if not
    all do alike.
    """

    id: PassageId
    document: DocumentId
    title: str
    text: str
    score: float
    relevance: float
    page: int | None = None
    headings: tuple[str, ...] = ()
    place: Place | None = None
    part: str = ""
    uri: str | None = None
    pinned: bool = False
    spots: tuple[Spot, ...] = ()


def in_place(text: str, title: str, headings: Sequence[str], part: str) -> str:
    """Return ``text`` below where it stands, as models read it that compare texts."""
    # Of a long path its end says most, and its first step where it is the name of a file.
    path = dict.fromkeys((*headings[: bool(part)], *headings[-2:]))
    place = [heading for heading in (title, *path) if heading not in text]
    return " › ".join(place) + "\n" + text if place else text
