"""Blocks in, chunks out. Pure."""

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from itertools import groupby, islice, takewhile
from typing import NamedTuple

from groundwire.ingest.sentences import is_whole, split_clauses, split_sentences
from groundwire.model.documents import Block, Chunk
from groundwire.model.ids import ChunkId, DocumentId, chunk_id
from groundwire.model.passages import in_place
from groundwire.model.places import Place, span_places

# A Chinese character says about as much as two Latin letters, and takes about three times the
# tokens. 700 is about 160 tokens of English and 250 of Chinese; at 1,000 the densest text stays
# within the embedder's window of 512.
TARGET = 700
LIMIT = 1000
# A section shorter than this shares its chunk with the next one.
SMALL = 240

_WIDE = re.compile("[\u2e80-\U0010ffff]+")


@lru_cache(maxsize=256)  # the same few pieces are weighed while a chunk grows
def weigh(text: str) -> int:
    """Return the length of ``text`` in Latin characters; wide characters count twice."""
    return len(text) if text.isascii() else len(text) + sum(map(len, _WIDE.findall(text)))


class _Piece(NamedTuple):
    """What is never cut: a sentence, a row, a line of code, a heading.

    ``glue`` stands between it and the piece before, when both are in one chunk. ``header``
    is the row that a chunk begins with when it begins in the middle of a table.
    """

    text: str
    glue: str
    page: int | None
    headings: tuple[str, ...]
    level: int | None = None
    header: str = ""
    prose: bool = False
    place: Place | None = None
    part: str = ""


@dataclass(slots=True)
class _Draft:
    pieces: list[_Piece] = field(default_factory=list[_Piece])
    weight: int = 0

    def add(self, piece: _Piece) -> None:
        if not self.pieces and piece.header:
            self._append(piece._replace(text=piece.header, glue="", header=""))
        self._append(piece)

    def _append(self, piece: _Piece) -> None:
        self.weight += weigh(piece.glue) * bool(self.pieces) + weigh(piece.text)
        self.pieces.append(piece)

    def with_piece(self, piece: _Piece) -> int:
        return self.weight + weigh(piece.glue) + weigh(piece.text)


def chunk_blocks(document: DocumentId, blocks: Sequence[Block], *, version: int = 1) -> list[Chunk]:
    """Cut ``blocks`` at sentence and heading borders into chunks of at most ``LIMIT``.

    A chunk holds about ``TARGET`` and is cut within a sentence only where one sentence alone
    is over the limit. A heading stands with what follows it; rows of a table that is cut keep
    its header; code is cut between lines. Chunks come in the order of the document, and the
    same blocks of the same ``version`` always give the same ids.
    """
    drafts = _fill(_mend(_pieces(blocks)))
    texts = (
        _finish(document, chunk_id(document, position, version), position, draft)
        for position, draft in enumerate(drafts)
    )
    return list(texts)


def embedding_text(chunk: Chunk, title: str) -> str:
    """Return what is embedded for ``chunk``: where it stands, then its text."""
    return in_place(chunk.text, title, chunk.headings, chunk.part)


def _finish(document: DocumentId, id: ChunkId, position: int, draft: _Draft) -> Chunk:
    text = draft.pieces[0].text
    for piece in draft.pieces[1:]:
        text += piece.glue + piece.text
    return Chunk(
        id=id,
        document=document,
        position=position,
        text=text.strip(),
        page=draft.pieces[0].page,
        last_page=draft.pieces[-1].page,
        headings=_common([piece.headings for piece in draft.pieces]),
        place=span_places([piece.place for piece in draft.pieces]),
        part=draft.pieces[0].part,
    )


def _common(paths: Sequence[tuple[str, ...]]) -> tuple[str, ...]:
    columns = zip(*paths, strict=False)
    return tuple(column[0] for column in takewhile(lambda c: len(set(c)) == 1, columns))


def _fill(pieces: Sequence[_Piece]) -> Iterator[_Draft]:
    draft = _Draft()
    for index, piece in enumerate(pieces):
        if draft.pieces and _cut_before(draft, piece, pieces, index):
            yield draft
            draft = _Draft()
        draft.add(piece)
    if draft.pieces:
        yield draft


def _cut_before(draft: _Draft, piece: _Piece, pieces: Sequence[_Piece], index: int) -> bool:
    if draft.with_piece(piece) > LIMIT or piece.part != draft.pieces[-1].part:
        return True
    if draft.pieces[-1].level is not None:
        return False  # a heading never ends a chunk, unless the limit says so
    if piece.level is not None:
        ahead = _section_weight(pieces, index)
        return draft.weight >= SMALL or draft.weight + ahead > TARGET
    if piece.headings != draft.pieces[-1].headings and draft.weight >= SMALL:
        return True
    full = draft.weight >= TARGET or draft.with_piece(piece) > TARGET + SMALL // 2
    return full and not _is_remnant(draft, pieces, index)


def _is_remnant(draft: _Draft, pieces: Sequence[_Piece], index: int) -> bool:
    """Say whether so little of the section is left that it had better stay with ``draft``."""
    left = 0
    for piece in islice(pieces, index, None):
        if piece.level is not None:
            break
        left += weigh(piece.glue) + weigh(piece.text)
        if left > SMALL // 2:
            return False
    return draft.weight + left <= LIMIT


def _section_weight(pieces: Sequence[_Piece], index: int) -> int:
    """Weigh the section that begins at ``index``, up to ``TARGET``."""
    weight = 0
    for position in range(index, len(pieces)):
        if weight > TARGET or (pieces[position].level is not None and position > index + 1):
            break
        weight += weigh(pieces[position].text)
    return weight


def _mend(pieces: Iterable[_Piece]) -> list[_Piece]:
    """Put a sentence that runs over the end of its page together again."""
    mended: list[_Piece] = []
    for piece in pieces:
        if mended and _runs_on(mended[-1], piece):
            before = mended[-1]
            glue = _joint(before.text, piece.text)
            mended[-1] = _Piece(
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


def _runs_on(before: _Piece, after: _Piece) -> bool:
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


def _pieces(blocks: Iterable[Block]) -> Iterator[_Piece]:
    for block in blocks:
        if not block.text.strip():
            continue
        for piece in _block_pieces(block):
            yield from _within_limit(piece)


def _block_pieces(block: Block) -> Iterator[_Piece]:
    if block.kind == "heading":
        path = (*block.headings, block.text)
        yield _piece(block, block.text, "\n\n")._replace(headings=path, level=block.level or 1)
    elif block.kind == "table":
        yield from _rows(block)
    elif block.kind == "code":
        yield from _code(block)
    elif block.kind == "list":
        yield from _lines(block)
    else:
        yield from _sentences(block)


def _piece(block: Block, text: str, glue: str, place: Place | None = None) -> _Piece:
    return _Piece(
        text, glue, block.page, block.headings, place=place or block.place, part=block.part
    )


def _sentences(block: Block) -> Iterator[_Piece]:
    glue = "\n\n"
    for sentence in split_sentences(block.text.strip()):
        text = sentence.rstrip()
        yield _piece(block, text, glue)._replace(prose=True)
        glue = sentence[len(text) :]


def _lines(block: Block) -> Iterator[_Piece]:
    glue = "\n\n"
    for index, line in enumerate(block.text.split("\n")):
        if line.strip():
            yield _piece(block, line.rstrip(), glue, _line_place(block, index))
            glue = "\n"


def _rows(block: Block) -> Iterator[_Piece]:
    pieces = list(_lines(block))
    # A header so long that it leaves no room for rows is not repeated.
    header = pieces[0].text if weigh(pieces[0].text) <= LIMIT // 3 else ""
    yield pieces[0]
    for piece in pieces[1:]:
        yield piece._replace(header=header)


def _code(block: Block) -> Iterator[_Piece]:
    """Keep a definition whole if that can be, else what empty lines part, else its lines."""
    text = block.text.strip("\n")
    if weigh(text) <= LIMIT:
        yield _piece(block, text, "\n\n")
        return
    glue = "\n\n"
    for first, lines in _stanzas(block.text.split("\n")):
        whole = "\n".join(lines)
        if weigh(whole) <= TARGET:
            yield _piece(block, whole, glue, _line_place(block, first, len(lines)))
        else:
            yield from (
                _piece(block, line, "\n" if index else glue, _line_place(block, first + index))
                for index, line in enumerate(lines)
            )
        glue = "\n\n"


def _stanzas(lines: Sequence[str]) -> Iterator[tuple[int, list[str]]]:
    """Yield the lines between empty ones, with the index of their first."""
    index = 0
    for filled, group in groupby(lines, key=lambda line: bool(line.strip())):
        stanza = [line.rstrip() for line in group]
        if filled:
            yield index, stanza
        index += len(stanza)


def _line_place(block: Block, index: int, count: int = 1) -> Place | None:
    """Return the place of ``count`` lines of ``block`` from ``index`` on, if it counts lines."""
    if block.place is None or block.place.unit not in ("line", "row"):
        return None
    first = block.place.first + index
    return Place(unit=block.place.unit, first=first, last=first + count - 1)


def _within_limit(piece: _Piece) -> Iterator[_Piece]:
    """Cut ``piece`` only if it alone is over the limit: between clauses, else anywhere."""
    room = LIMIT - weigh(piece.header) - 1
    if weigh(piece.text) <= room:
        yield piece
        return
    glue = piece.glue
    for text in _packed(split_clauses(piece.text), room):
        kept = text.rstrip()
        yield piece._replace(text=kept, glue=glue)
        glue = text[len(kept) :]


def _packed(parts: Iterable[str], room: int) -> Iterator[str]:
    packed = ""
    for part in (piece for each in parts for piece in _hard(each, room)):
        if packed and weigh(packed) + weigh(part) > room:
            yield packed
            packed = ""
        packed += part
    yield packed


def _hard(part: str, room: int) -> Iterator[str]:
    """Cut ``part`` anywhere so that each piece is within ``room``."""
    while weigh(part) > room:
        end = room // 2 if weigh(part[:room]) > room else room
        yield part[:end]
        part = part[end:]
    yield part
