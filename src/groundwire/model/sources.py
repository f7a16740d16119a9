"""What an answer rests on, as its readers are told."""

import msgspec

from groundwire.model.ids import DocumentId, PassageId
from groundwire.model.places import Place, Spot


class Source(msgspec.Struct, frozen=True, kw_only=True, rename="camel", omit_defaults=True):
    """A passage that the answer may rest on; ``n`` is how the answer cites it, from 1.

    ``pinned``: its document is pinned, so it is there whatever was asked.
    ``spots`` say where each of its parts stands, if not all do alike.
    """

    id: PassageId
    n: int
    document_id: DocumentId
    title: str
    text: str
    score: float
    page: int | None = None
    headings: tuple[str, ...] = ()
    place: Place | None = None
    part: str = ""
    uri: str | None = None
    pinned: bool = False
    spots: tuple[Spot, ...] = ()
