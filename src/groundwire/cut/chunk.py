"""Blocks in, chunks out. Pure."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from itertools import islice

import msgspec

from groundwire.cut.pieces import LIMIT, TARGET, Piece, cut_pieces, weigh
from groundwire.cut.sentences import is_whole
from groundwire.model.documents import Block, Chunk
from groundwire.model.ids import ChunkId, DocumentId, chunk_id
from groundwire.model.passages import in_place
from groundwire.model.places import Spot, common_path, counts_lines, span_places

# A section shorter than this shares its chunk with the next one.
SMALL = 240


@dataclass(slots=True)
class _Draft:
    pieces: list[Piece] = field(default_factory=list[Piece])
    weight: int = 0

    def add(self, piece: Piece) -> None:
        if not self.pieces and piece.header:
            self._append(piece._replace(text=piece.header, glue="", header=""))
        self._append(piece)

    def _append(self, piece: Piece) -> None:
        self.weight += weigh(piece.glue) * bool(self.pieces) + weigh(piece.text)
        self.pieces.append(piece)

    def with_piece(self, piece: Piece) -> int:
        return self.weight + weigh(piece.glue) + weigh(piece.text)


def chunk_blocks(document: DocumentId, blocks: Sequence[Block], *, version: int = 1) -> list[Chunk]:
    """Cut ``blocks`` at sentence and heading borders into chunks of at most ``LIMIT``.

    A chunk holds about ``TARGET`` and is cut within a sentence only where one sentence alone
    is over the limit. A heading stands with what follows it; rows of a table that is cut keep
    its header; code is cut between lines. Chunks come in the order of the document, and the
    same blocks of the same ``version`` always give the same ids.
    """
    drafts = _fill(_mend(cut_pieces(blocks)))
    texts = (
        _finish(document, chunk_id(document, position, version), position, draft)
        for position, draft in enumerate(drafts)
    )
    return list(texts)


def embedding_text(chunk: Chunk, title: str) -> str:
    """Return what is embedded for ``chunk``: where it stands, then its text."""
    return in_place(chunk.text, title, chunk.headings, chunk.part)


def _finish(document: DocumentId, id: ChunkId, position: int, draft: _Draft) -> Chunk:
    text, spots = _join(draft.pieces)
    return Chunk(
        id=id,
        document=document,
        position=position,
        text=text,
        page=draft.pieces[0].page,
        last_page=draft.pieces[-1].page,
        headings=common_path([piece.headings for piece in draft.pieces]),
        place=span_places([piece.place for piece in draft.pieces]),
        part=draft.pieces[0].part,
        spots=spots if len(spots) > 1 else (),
    )


def _join(pieces: Sequence[Piece]) -> tuple[str, tuple[Spot, ...]]:
    """Return the text of ``pieces``, and where each part of it stands."""
    text, spots = "", list[Spot]()
    for piece in pieces:
        before = text
        text += piece.glue * bool(spots) + piece.text
        spot = Spot(
            at=len(text) - len(piece.text),
            page=piece.page,
            headings=piece.headings,
            place=piece.place,
        )
        if spots and (grown := _grown(spots[-1], spot, before, piece.glue)):
            spots[-1] = grown
        else:
            spots.append(spot)
    indent = len(text) - len(text.lstrip())
    moved = [msgspec.structs.replace(spot, at=max(spot.at - indent, 0)) for spot in spots]
    return text.strip(), tuple(moved)


def _grown(last: Spot, spot: Spot, text: str, glue: str) -> Spot | None:
    """Return ``last``, grown by ``spot``, if both are told as one; ``text`` ends with ``last``."""
    if (last.page, last.headings) != (spot.page, spot.headings):
        return None
    if last.place == spot.place:
        return last
    if last.place is None or spot.place is None or last.place.unit != spot.place.unit:
        return None
    goes_on = spot.place.first == last.place.last + glue.count("\n")
    if not (goes_on and counts_lines(last.place, text.count("\n", last.at) + 1)):
        return None
    return msgspec.structs.replace(last, place=span_places([last.place, spot.place]))


def _fill(pieces: Sequence[Piece]) -> Iterator[_Draft]:
    draft = _Draft()
    for index, piece in enumerate(pieces):
        if draft.pieces and _cut_before(draft, piece, pieces, index):
            yield draft
            draft = _Draft()
        draft.add(piece)
    if draft.pieces:
        yield draft


def _cut_before(draft: _Draft, piece: Piece, pieces: Sequence[Piece], index: int) -> bool:
    grown = draft.with_piece(piece)
    if grown > LIMIT or piece.part != draft.pieces[-1].part:
        return True
    if draft.pieces[-1].level is not None:
        return False  # a heading never ends a chunk, unless the limit says so
    if piece.level is not None:
        if _is_row(draft.pieces[-1]):
            return True  # what follows is another sheet, with rows of its own
        ahead = _section_weight(pieces, index)
        return draft.weight >= SMALL or draft.weight + ahead > TARGET
    if piece.headings != draft.pieces[-1].headings and draft.weight >= SMALL:
        return True
    full = draft.weight >= TARGET or grown > TARGET + SMALL // 2
    return full and not _is_remnant(draft, pieces, index)


def _is_row(piece: Piece) -> bool:
    return piece.place is not None and piece.place.unit == "row"


def _is_remnant(draft: _Draft, pieces: Sequence[Piece], index: int) -> bool:
    """Say whether so little of the section is left that it had better stay with ``draft``."""
    left = 0
    for piece in islice(pieces, index, None):
        if piece.level is not None:
            break
        left += weigh(piece.glue) + weigh(piece.text)
        if left > SMALL // 2:
            return False
    return draft.weight + left <= LIMIT


def _section_weight(pieces: Sequence[Piece], index: int) -> int:
    """Weigh the section that begins at ``index``, up to ``TARGET``."""
    weight = 0
    for position in range(index, len(pieces)):
        if weight > TARGET or (pieces[position].level is not None and position > index + 1):
            break
        weight += weigh(pieces[position].text)
    return weight


def _mend(pieces: Iterable[Piece]) -> list[Piece]:
    """Put a sentence that runs over the end of its page together again."""
    mended: list[Piece] = []
    for piece in pieces:
        if mended and _runs_on(mended[-1], piece):
            before = mended[-1]
            glue = _joint(before.text, piece.text)
            mended[-1] = Piece(
                before.text + glue + piece.text,
                before.glue,
                before.page,
                before.headings,
                prose=True,
                place=span_places([before.place, piece.place]),
                part=before.part,
            )
        else:
            mended.append(piece)
    return mended


def _runs_on(before: Piece, after: Piece) -> bool:
    if before.page is None or after.page != before.page + 1:
        return False
    if not (before.prose and after.prose) or before.headings != after.headings:
        return False
    if before.part != after.part:
        return False
    if is_whole(before.text) or weigh(before.text + after.text) > LIMIT:
        return False
    return _continues(after.text[0])


def _continues(first: str) -> bool:
    return first.islower() or first > "\u2e7f"


def _joint(before: str, after: str) -> str:
    return "" if before[-1:] > "\u2e7f" and after[:1] > "\u2e7f" else " "
