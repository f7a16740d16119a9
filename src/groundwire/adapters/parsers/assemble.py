"""Collect blocks under their headings. Pure."""

import msgspec

from groundwire.adapters.parsers.clean import clean_text, tidy_spaces
from groundwire.model.documents import Block, BlockKind
from groundwire.model.places import Place, Unit

CELL = " | "


class Assembler:
    """Blocks in reading order; knows the path of headings that it is under.

    ``page`` and ``place`` are those of whatever is added next.
    """

    def __init__(self) -> None:
        self.blocks: list[Block] = []
        self.page: int | None = None
        self.place: Place | None = None
        self._path: tuple[tuple[int, str], ...] = ()

    @property
    def headings(self) -> tuple[str, ...]:
        return tuple(text for _, text in self._path)

    def slide(self, number: int) -> None:
        self.page = number
        self.place = Place(unit="slide", first=number, last=number)

    def leave_section(self) -> None:
        """What comes next stands under no heading."""
        self._path = ()

    def heading(self, text: str, level: int) -> None:
        text = tidy_spaces(text.replace("\n", " "))
        if not text:
            return
        self._path = tuple(each for each in self._path if each[0] < level)
        self.blocks.append(
            Block(
                text=text,
                kind="heading",
                page=self.page,
                headings=self.headings,
                level=min(max(level, 1), 6),
                place=self.place,
            )
        )
        self._path = (*self._path, (level, text))

    def text(self, text: str) -> None:
        self._add("\n".join(map(tidy_spaces, text.split("\n"))), "text")

    def item(self, text: str) -> None:
        """Add an item of a list; items that follow each other are one block."""
        text = tidy_spaces(text.replace("\n", " "))
        last = self.blocks[-1] if self.blocks else None
        if text and last and last.kind == "list" and last.page == self.page:
            self.blocks[-1] = msgspec.structs.replace(last, text=f"{last.text}\n{text}")
        else:
            self._add(text, "list")

    def code(self, text: str, *, first: int | None = None) -> None:
        """Add code; ``first`` is the number of its first line in the file."""
        self._add_lines(clean_text(text), "code", "line", first)

    def table(self, rows: list[list[str]], *, first: int | None = None) -> None:
        """Add a table; the first row is its header. Empty rows and columns are left out.

        ``first`` is the number of the first one in its sheet; then empty rows stay as empty lines.
        """
        cleaned = [[tidy_spaces(cell.replace("\n", " ")) for cell in row] for row in rows]
        width = max((len(row) for row in cleaned), default=0)
        used = [
            column
            for column in range(width)
            if any(column < len(row) and row[column] for row in cleaned)
        ]
        lines = [
            CELL.join(row[column] if column < len(row) else "" for column in used).rstrip()
            if any(row)
            else ""
            for row in cleaned
            if any(row) or first is not None
        ]
        self._add_lines("\n".join(lines), "table", "row", first)

    def _add_lines(self, text: str, kind: BlockKind, unit: Unit, first: int | None) -> None:
        """Add ``text``, whose lines are counted from ``first``, without empty ones around it."""
        bare = text.lstrip("\n").rstrip("\n")
        if first is None:
            return self._add(bare, kind)
        first += len(text) - len(text.lstrip("\n"))
        return self._add(bare, kind, Place(unit=unit, first=first, last=first + bare.count("\n")))

    def _add(self, text: str, kind: BlockKind, place: Place | None = None) -> None:
        if text.strip():
            self.blocks.append(
                Block(
                    text=text,
                    kind=kind,
                    page=self.page,
                    headings=self.headings,
                    place=place or self.place,
                )
            )
