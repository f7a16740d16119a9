"""Blocks to pieces, which are never cut. Pure."""

import re
from collections.abc import Iterable, Iterator, Sequence
from functools import lru_cache
from itertools import groupby
from typing import NamedTuple

from groundwire.cut.sentences import split_clauses, split_sentences
from groundwire.model.documents import Block
from groundwire.model.places import Place

# A Chinese character says about as much as two Latin letters, and takes about three times the
# tokens. 700 is about 160 tokens of English and 250 of Chinese; at 1,000 the densest text stays
# within the embedder's window of 512.
TARGET = 700
LIMIT = 1000

_WIDE = re.compile("[\u2e80-\U0010ffff]+")


def weigh(text: str) -> int:
    """Return the length of ``text`` in Latin characters; wide characters count twice."""
    return len(text) if text.isascii() else _weigh_wide(text)


@lru_cache(maxsize=256)  # the same few pieces are weighed while a chunk grows
def _weigh_wide(text: str) -> int:
    return len(text) + sum(map(len, _WIDE.findall(text)))


class Piece(NamedTuple):
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


def cut_pieces(blocks: Iterable[Block]) -> Iterator[Piece]:
    """Yield the pieces of ``blocks``, each within ``LIMIT``."""
    for block in blocks:
        if not block.text.strip():
            continue
        for piece in _block_pieces(block):
            # So short, it is within the limit however wide it is.
            if len(piece.text) < LIMIT // 2 and not piece.header:
                yield piece
            else:
                yield from _within_limit(piece)


def _block_pieces(block: Block) -> Iterator[Piece]:
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


def _piece(
    block: Block, text: str, glue: str, place: Place | None = None, *, prose: bool = False
) -> Piece:
    where = place or block.place
    return Piece(text, glue, block.page, block.headings, prose=prose, place=where, part=block.part)


def _sentences(block: Block) -> Iterator[Piece]:
    glue = "\n\n"
    for sentence in split_sentences(block.text.strip()):
        text = sentence.rstrip()
        yield _piece(block, text, glue, prose=True)
        glue = sentence[len(text) :]


def _lines(block: Block) -> Iterator[Piece]:
    glue = "\n\n"
    for index, line in enumerate(block.text.split("\n")):
        if line.strip():
            yield _piece(block, line.rstrip(), glue, _line_place(block, index))
            glue = "\n"


def _rows(block: Block) -> Iterator[Piece]:
    pieces = list(_lines(block))
    # A header so long that it leaves no room for rows is not repeated.
    header = pieces[0].text if weigh(pieces[0].text) <= LIMIT // 3 else ""
    yield pieces[0]
    for piece in pieces[1:]:
        yield piece._replace(header=header)


def _code(block: Block) -> Iterator[Piece]:
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


def _within_limit(piece: Piece) -> Iterator[Piece]:
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
    packed, packed_weight = "", 0
    for part in (piece for each in parts for piece in _hard(each, room)):
        weight = weigh(part)
        if packed and packed_weight + weight > room:
            yield packed
            packed, packed_weight = "", 0
        packed += part
        packed_weight += weight
    yield packed


def _hard(part: str, room: int) -> Iterator[str]:
    """Cut ``part`` anywhere so that each piece is within ``room``."""
    while weigh(part) > room:
        end = room // 2 if weigh(part[:room]) > room else room
        yield part[:end]
        part = part[end:]
    yield part
