"""Passages that follow each other in their document become one. Pure."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import reduce

import msgspec

from groundwire.model.ids import MOST_CHUNKS, ChunkId, chunks_of, position_of, run_id
from groundwire.model.passages import Passage
from groundwire.model.places import Spot, common_path, span_places, spots_of

_CELLS = " | "


@dataclass(slots=True)
class _Run:
    """Chunks that follow each other, in the order of the document."""

    chunks: list[Passage]

    def takes(self, other: "_Run") -> bool:
        """Tell whether ``other`` follows, or comes right before, and both may be one.

        What begins on another page, or is of another sheet, does not: a citation names one, and
        that is to be the one of what it says.
        """
        first, last = self.chunks[0], self.chunks[-1]
        head, tail = other.chunks[0], other.chunks[-1]
        return (
            len(self.chunks) + len(other.chunks) <= MOST_CHUNKS
            and _version(head) == _version(first)
            and (head.page, head.part, _sheet(head)) == (first.page, first.part, _sheet(first))
            and 1 in (_position(head) - _position(last), _position(first) - _position(tail))
        )

    def add(self, other: "_Run") -> None:
        self.chunks = sorted([*self.chunks, *other.chunks], key=_position)

    def passage(self) -> Passage:
        first, last = self.chunks[0], self.chunks[-1]
        if first is last:
            return first
        return msgspec.structs.replace(
            first,
            id=run_id(_chunk(first), _chunk(last)),
            text=reduce(_joined, [chunk.text for chunk in self.chunks]),
            score=max(chunk.score for chunk in self.chunks),
            relevance=max(chunk.relevance for chunk in self.chunks),
            headings=common_path([chunk.headings for chunk in self.chunks]),
            place=span_places([chunk.place for chunk in self.chunks]),
            spots=_spots(self.chunks),
        )


def merge_neighbours(passages: Iterable[Passage], limit: int) -> list[Passage]:
    """Return the first ``limit`` of ``passages``, which are best first, neighbours as one.

    A run stands where its best chunk stood, with its score. What is merged makes room for what
    comes after it. ``passages`` are chunks, each there once.
    """
    runs: list[_Run] = []
    for passage in passages:
        alone = _Run([passage])
        if not _add(runs, alone):
            if len(runs) == limit:
                break
            runs.append(alone)
    return [run.passage() for run in runs]


def _add(runs: list[_Run], another: _Run) -> bool:
    """Let the best run that takes ``another`` have it, and what that brings it next to."""
    run = next((run for run in runs if run.takes(another)), None)
    if run is None:
        return False
    run.add(another)
    if (beyond := next((each for each in runs if run.takes(each)), None)) is not None:
        runs.remove(beyond)
        run.add(beyond)
    return True


def _joined(before: str, after: str) -> str:
    """Put ``after`` behind ``before``, without the header of a table that goes on in it."""
    header, _, rest = after.partition("\n")
    if rest and _CELLS in header and header in before.split("\n"):
        return f"{before}\n{rest}"
    return f"{before}\n\n{after}"


def _spots(chunks: Sequence[Passage]) -> tuple[Spot, ...]:
    """Return where each part of the joined text stands; nothing if all do alike."""
    text, spots = "", list[Spot]()
    for chunk in chunks:
        joined = _joined(text, chunk.text) if text else chunk.text
        shift = len(joined) - len(chunk.text)
        # What was left out of the chunk, its header, has the place of what follows it.
        spots += [
            msgspec.structs.replace(spot, at=max(spot.at + shift, len(text)))
            for spot in spots_of(chunk)
        ]
        text = joined
    is_alike = len({(spot.page, spot.headings, spot.place) for spot in spots}) == 1
    return () if is_alike else tuple(spots)


def _sheet(passage: Passage) -> tuple[str, ...] | None:
    """Return what names the sheet that a passage has rows of."""
    return passage.headings if passage.place and passage.place.unit == "row" else None


def _chunk(passage: Passage) -> ChunkId:
    return chunks_of(passage.id)[0]


def _position(passage: Passage) -> int:
    return position_of(_chunk(passage))


def _version(passage: Passage) -> tuple[str, str]:
    """Return what chunks of one version of one document have in common."""
    document, _, place = passage.id.rpartition(":")
    return document, place.partition(".")[2]
