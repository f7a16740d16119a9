"""What a search finds."""

import msgspec

from groundwire.model.ids import ChunkId, DocumentId
from groundwire.model.places import Place


class Passage(msgspec.Struct, frozen=True, kw_only=True):
    """A chunk as found for a question.

    ``score`` is in 0…1, higher is better, and only comparable within one search.
    ``relevance`` is the evidence in 0…1 that it has to do with the question at all,
    comparable between searches; below the floor of `retrieve.search` it is not used.
    ``uri`` is where in the world its document is from. ``pinned``: it is there because its
    document is, whether or not it was found.
    """

    id: ChunkId
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
