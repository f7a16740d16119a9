"""Tables of a PDF: lines whose words stand in columns. Pure.

PDF knows no tables. A row is a line with wide gaps; rows that follow each other with their cells
above each other are a table.
"""

from collections.abc import Iterator, Sequence
from itertools import accumulate, pairwise
from statistics import median
from typing import NamedTuple

import msgspec

from groundwire.adapters.parsers.clean import tidy_spaces
from groundwire.adapters.parsers.pdf_lines import GAP, Cell, Line

# Of two columns, the lines of which are as long as these, are two columns of text.
_LONG_CELL = 45
_FEW_ROWS = 2
# A line of a cell that is as long as this is one of a paragraph.
_PROSE = 70
# Rows further apart than this many type sizes are not of one table.
_APART = 4.5

Rows = list[list[str]]


class Table(NamedTuple):
    """The rows of lines ``start`` to ``end`` (exclusive) of a page, the first its header."""

    start: int
    end: int
    rows: Rows


def find_tables(page: Sequence[Line]) -> Iterator[Table]:
    lines = list(_whole_rows(page))
    ends = list(accumulate(taken for taken, _ in lines))
    rows_of_page = [line for _, line in lines]
    start = 0
    while start < len(lines):
        if len(rows_of_page[start].cells) < 2:
            start += 1
            continue
        end = _end_of_run(rows_of_page, start)
        rows = _rows(rows_of_page[start:end])
        if _is_table(rows_of_page[start:end], rows):
            yield Table(ends[start] - lines[start][0], ends[end - 1], rows)
        start = end


def _whole_rows(page: Sequence[Line]) -> Iterator[tuple[int, Line]]:
    """Yield lines beside each other as one, with the number of those that it was made of."""
    taken, row = 0, None
    for line in page:
        if row is not None and _goes_on(row, line):
            cells = (*_cells(row), *_cells(line))
            row = msgspec.structs.replace(row, cells=cells, right=line.right, foot=line.foot)
            taken += 1
            continue
        if row is not None:
            yield taken, row
        taken, row = 1, line
    if row is not None:
        yield taken, row


def _goes_on(row: Line, line: Line) -> bool:
    beside = abs(row.y - line.y) <= 0.3 * row.size
    return beside and line.left - row.right > GAP * row.size and not (row.mono or line.mono)


def _cells(line: Line) -> tuple[Cell, ...]:
    return line.cells or (Cell(line.text, line.left, line.right),)


def _end_of_run(page: Sequence[Line], start: int) -> int:
    """Return the end of the lines that may be rows of one table, or go on with its cells."""
    last = start
    left = min(cell.left for cell in page[start].cells)
    for index in range(start + 1, len(page)):
        line, before = page[index], page[index - 1]
        # Upwards where a cell of more lines is centred beside the others.
        if not -2 * before.size <= before.foot - line.y <= _APART * before.size:
            break
        if len(line.cells) >= 2:
            last = index
        elif line.left < left + line.size or not _is_short(line):
            break  # text, or a cell of one row alone: what comes next says which
    return last + 1


def _is_short(line: Line) -> bool:
    return len(line.text) <= _LONG_CELL


def _rows(lines: Sequence[Line]) -> Rows:
    edges = _columns(lines)
    rows: Rows = []
    for line in lines:
        row = [""] * len(edges)
        for cell in _cells(line):
            column = _column(edges, cell)
            row[column] = tidy_spaces(f"{row[column]} {cell.text}")
        if rows and not row[0]:
            # What wrapped within a cell has nothing in the first column.
            rows[-1] = [tidy_spaces(" ".join(pair)) for pair in zip(rows[-1], row, strict=True)]
        else:
            rows.append(row)
    return rows


def _columns(lines: Sequence[Line]) -> list[tuple[float, float]]:
    """Return from where to where each column reaches: what overlaps is one column."""
    spans = sorted((cell.left, cell.right) for line in lines for cell in line.cells)
    merged: list[tuple[float, float]] = []
    for left, right in spans:
        if merged and left < merged[-1][1]:
            merged[-1] = merged[-1][0], max(merged[-1][1], right)
        else:
            merged.append((left, right))
    return merged


def _column(edges: Sequence[tuple[float, float]], cell: Cell) -> int:
    middle = (cell.left + cell.right) / 2
    return min(
        range(len(edges)), key=lambda each: abs(middle - (edges[each][0] + edges[each][1]) / 2)
    )


def _is_table(lines: Sequence[Line], rows: Rows) -> bool:
    columns = len(rows[0]) if rows else 0
    if columns < 2 or len(rows) < _FEW_ROWS:
        return False
    if max(len(cell.text) for line in lines for cell in _cells(line)) > _PROSE:
        return False
    lengths = [len(cell) for row in rows for cell in row if cell]
    if columns == 2 and (len(rows) < _FEW_ROWS + 1 or median(lengths) > _LONG_CELL):
        return False
    filled = [sum(map(bool, row)) for row in rows]
    regular = all(abs(a.size - b.size) < 0.35 * a.size for a, b in pairwise(lines))
    return regular and median(filled) >= 2
