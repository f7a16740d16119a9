from groundwire.adapters.parsers.pdf_lines import Cell, Line, is_loose
from groundwire.adapters.parsers.pdf_tables import find_tables


def line(y: float, *cells: tuple[float, str], size: float = 10) -> Line:
    """A line whose cells begin at these points across, five points a letter."""
    placed = tuple(Cell(text, left, left + 5 * len(text)) for left, text in cells)
    return Line(
        text=" ".join(cell.text for cell in placed),
        left=placed[0].left,
        right=placed[-1].right,
        y=y,
        foot=y,
        size=size,
        cells=placed if len(placed) > 1 else (),
    )


def tables(*lines: Line) -> list[tuple[int, int, list[list[str]]]]:
    return [(table.start, table.end, table.rows) for table in find_tables(lines)]


def test_rows_with_their_cells_above_each_other_are_a_table() -> None:
    text = line(700, (50, "The prices of the year are in the table below, all of them."))
    header = line(680, (50, "Item"), (150, "Price"), (250, "Since"))
    row = line(665, (50, "Oil for lamps"), (160, "12"), (250, "March"))

    assert tables(text, header, row, text) == [
        (1, 3, [["Item", "Price", "Since"], ["Oil for lamps", "12", "March"]])
    ]


def test_a_cell_that_is_empty_keeps_its_column() -> None:
    header = line(680, (50, "Item"), (150, "Price"), (250, "Since"))
    row = line(665, (50, "Oil"), (250, "March"))

    assert tables(header, row) == [(0, 2, [["Item", "Price", "Since"], ["Oil", "", "March"]])]


def test_what_wraps_within_a_cell_belongs_to_its_row() -> None:
    header = line(680, (50, "Item"), (150, "Price"), (250, "Supplier"))
    first = line(665, (50, "Oil"), (150, "12"), (250, "Barbier and"))
    rest = line(652, (250, "his sons"))
    last = line(640, (50, "Wick"), (150, "3"), (250, "Ada"))

    ((_, end, rows),) = tables(header, first, rest, last)

    assert (end, rows[1]) == (4, ["Oil", "12", "Barbier and his sons"])


def test_cells_that_are_lines_of_their_own_are_a_row() -> None:
    lines = [
        line(700 - 15 * n, (left, text))
        for n, row in enumerate((("Item", "Price", "Since"), ("Oil", "12", "March")))
        for left, text in zip((50, 150, 250), row, strict=True)
    ]

    assert tables(*lines) == [(0, 6, [["Item", "Price", "Since"], ["Oil", "12", "March"]])]


def test_two_columns_of_text_are_no_table() -> None:
    prose = "This is a column of text that is as wide as half a page"
    lines = [line(700 - 12 * n, (50, prose), (340, prose)) for n in range(6)]

    assert tables(*lines) == []


def test_a_name_and_a_value_on_one_line_or_two_are_no_table() -> None:
    lines = [line(700 - 12 * n, (50, "Name:"), (200, "Ada")) for n in range(2)]

    assert tables(*lines) == []


def test_rows_far_apart_are_not_of_one_table() -> None:
    lines = [line(700 - 100 * n, (50, "a"), (150, "b"), (250, "c")) for n in range(3)]

    assert tables(*lines) == []


def test_a_line_is_loose_if_its_letters_do_not_fill_it() -> None:
    assert not is_loose("The keeper of the lighthouse", 140, 10)
    assert is_loose("The keeper of the lighthouse", 260, 10)
    assert not is_loose("灯塔的看守人把天气写在簿子里", 140, 10)
    assert is_loose("灯塔 看守人 天气", 260, 10)
