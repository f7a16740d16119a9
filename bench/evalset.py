"""Question sets with known answers, in the form of a folder each.

``corpus.jsonl`` ({id, title, text}), ``queries.jsonl`` ({id, text, answers}) and ``qrels.tsv``
(query, corpus entry, grade).
"""

from collections import defaultdict
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

import msgspec

from groundwire.cut.chunk import chunk_blocks
from groundwire.model.documents import Block, Chunk
from groundwire.model.ids import DocumentId

T = TypeVar("T")


class Entry(msgspec.Struct, frozen=True):
    id: str
    text: str
    title: str = ""


class Query(msgspec.Struct, frozen=True):
    """``answers`` are the words that answer it, any of them; not every set names some."""

    id: str
    text: str
    answers: tuple[str, ...] = ()


@dataclass(frozen=True)
class EvalSet:
    """``relevant`` maps a query's id to the grades of the corpus entries that answer it."""

    name: str
    corpus: tuple[Entry, ...]
    queries: tuple[Query, ...]
    relevant: dict[str, dict[str, int]]


def find_sets(folder: Path) -> list[Path]:
    """Return the folders of the sets in ``folder``, which may be one itself."""
    return sorted(path.parent for path in folder.glob("**/qrels.tsv"))


def read_set(folder: Path, *, sample: int | None) -> EvalSet:
    """Read the set in ``folder``; with ``sample``, an even choice of its queries."""
    relevant: dict[str, dict[str, int]] = defaultdict(dict)
    for line in (folder / "qrels.tsv").read_text(encoding="utf-8").splitlines():
        query, entry, grade = line.split("\t")
        if grade.isdecimal() and int(grade) > 0:
            relevant[query][entry] = int(grade)
    queries = [q for q in _read(folder / "queries.jsonl", Query) if q.id in relevant]
    step = max(1, len(queries) // sample) if sample else 1
    return EvalSet(
        folder.name, _read(folder / "corpus.jsonl", Entry), tuple(queries[::step]), dict(relevant)
    )


def chunk_entry(entry: Entry) -> list[Chunk]:
    """Cut ``entry`` as the product cuts a document of plain text."""
    blocks = [Block(text=part) for part in entry.text.split("\n\n") if part.strip()]
    return chunk_blocks(DocumentId(entry.id), blocks)


def _read(path: Path, type: type[T]) -> tuple[T, ...]:
    return tuple(
        msgspec.json.decode(line, type=type)
        for line in path.read_text(encoding="utf-8").splitlines()
        if line.strip()
    )
