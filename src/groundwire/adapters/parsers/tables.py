"""The tables that are on a sheet."""

from collections.abc import Iterable, Iterator

from groundwire.adapters.parsers.assemble import Assembler

Row = tuple[int, list[str]]
"""The number of a row in its sheet, from 1, and its cells."""


def add_sheet(rows: Iterable[Row], assembler: Assembler) -> None:
    """Add the tables that empty rows part; lone cells above a table are its caption."""
    for table in _parted(rows):
        while len(table) > 1 and _filled(table[0]) == 1 and max(map(_filled, table)) > 1:
            assembler.text(" ".join(table.pop(0)[1]))
        assembler.table([cells for _, cells in table], first=table[0][0])


def _parted(rows: Iterable[Row]) -> Iterator[list[Row]]:
    table: list[Row] = []
    for number, cells in rows:
        if not any(cell.strip() for cell in cells):
            continue
        if table and number != table[-1][0] + 1:
            yield table
            table = []
        table.append((number, cells))
    if table:
        yield table


def _filled(row: Row) -> int:
    return sum(map(bool, row[1]))
