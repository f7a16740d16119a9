"""Rows of tables in a passage, said so that they are understood without the table. Pure."""

from collections.abc import Callable, Mapping, Sequence
from itertools import pairwise
from typing import NamedTuple

from groundwire.adapters.models.spans import Span
from groundwire.adapters.models.terms import has_wide

CELL = "|"
# Of two columns the first names what the second says; more need the names above them.
NAMED = 3


class Row(NamedTuple):
    """What stands in a row, and the names above it, which may not be known.

    ``alone``: no other row is with it, so it may be a line of code as well.
    """

    cells: tuple[str, ...]
    columns: tuple[str, ...] = ()
    alone: bool = False


def read_rows(text: str, spans: Sequence[Span]) -> Mapping[int, Row | None]:
    """Return the row of each span that is one, by its index; ``None`` for names of columns."""
    rows: dict[int, Row | None] = {}
    columns: tuple[str, ...] = ()
    for before, index in pairwise((-1, *range(len(spans)))):
        if spans[index].kind != "row":
            continue
        cells = _cells(text, spans[index])
        begins = before < 0 or spans[before].group != spans[index].group
        alone = begins and not _goes_on(spans, index)
        if begins:
            columns = cells if _names(cells) and not alone else ()
        named = columns if len(cells) <= len(columns) else ()
        rows[index] = None if begins and columns else Row(cells, named, alone)
    return rows


def say_row(row: Row, asks_for: Callable[[str], bool]) -> str:
    """Return the row in words: of columns that are asked for only these, else all."""
    first, *rest = row.cells
    colon, comma = ("：", "，") if has_wide("".join(row.cells)) else (": ", ", ")
    if not row.columns:
        pair = len(rest) == 1 and not row.alone
        return f"{first}{colon}{rest[0]}" if pair else f" {CELL} ".join(row.cells)
    named = [(name, cell) for name, cell in zip(row.columns[1:], rest, strict=False) if cell]
    wanted = [(name, cell) for name, cell in named if asks_for(name)] or named
    return f"{first} — {comma.join(f'{name}{colon}{cell}' for name, cell in wanted)}"


def _cells(text: str, span: Span) -> tuple[str, ...]:
    return tuple(cell.strip() for cell in text[span.start : span.end].split(CELL))


def _names(cells: Sequence[str]) -> bool:
    """Say whether ``cells`` may be the names of columns: none is empty, twice or a figure."""
    return (
        len(cells) >= NAMED
        and all(cells)
        and len(set(cells)) == len(cells)
        and not any(cell[0].isdigit() for cell in cells)
    )


def _goes_on(spans: Sequence[Span], index: int) -> bool:
    return index + 1 < len(spans) and spans[index + 1].group == spans[index].group
