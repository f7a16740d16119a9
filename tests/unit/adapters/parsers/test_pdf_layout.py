from groundwire.adapters.parsers.pdf_layout import arrange
from groundwire.adapters.parsers.pdf_lines import Entry, Line
from groundwire.model.documents import Block


def page(*texts: str | Line, top: float = 700) -> list[Line]:
    """Lines under each other, 12 points apart, as wide as they have characters."""
    lines: list[Line] = []
    for text in texts:
        at = text if isinstance(text, Line) else line(text)
        top -= 12
        lines.append(at if at.y else place(at, top))
    return lines


def line(
    text: str, *, size: float = 10, mono: bool = False, bold: bool = False, y: float = 0
) -> Line:
    return Line(
        text=text,
        left=50,
        right=50 + 5 * len(text),
        y=y,
        foot=y,
        size=size,
        mono=mono,
        bold=bold,
        edge=0.04 if y else 0.5,
    )


def place(at: Line, y: float) -> Line:
    return Line(at.text, at.left, at.right, y, y, at.size, at.bold, at.mono)


def texts(blocks: list[Block]) -> list[str]:
    return [block.text for block in blocks]


WRAPPED = ("The keeper of the lighthouse wrote it all down", "every night, and so we know it now.")


def test_a_line_that_reaches_the_margin_goes_on() -> None:
    assert texts(arrange([page(*WRAPPED)], [])) == [" ".join(WRAPPED)]


def usual_pages() -> list[list[Line]]:
    return [page(f"{name}: {WRAPPED[0]}", f"{name}: {WRAPPED[1]}") for name in ("Ann", "Bo")]


def test_a_line_that_runs_out_of_the_text_does_not_move_the_margin() -> None:
    address = line("https://example.org/" + "a-very-long-name/" * 8)

    told = (WRAPPED[0], "Elsewhere, every night.")

    blocks = arrange([*usual_pages(), page(*told, address)], [])

    assert texts(blocks)[-2:] == [" ".join(told), address.text]


def test_a_page_that_is_wider_than_others_has_a_margin_of_its_own() -> None:
    wide = [f"{text} {text}" for text in WRAPPED * 2]
    short = "This one ends where lines of other pages do"

    blocks = arrange([*usual_pages(), page(*wide, short, "And so it is whole.")], [])

    assert texts(blocks)[-2:] == [short, "And so it is whole."]


def test_a_line_that_ends_early_with_its_sentence_ends_the_paragraph() -> None:
    lines = page("A short one.", "The next paragraph, which is as wide as the column.")

    assert len(arrange([lines], [])) == 2


def test_a_word_cut_at_the_end_of_a_line_is_mended_as_the_document_writes_it() -> None:
    lines = page("the light\ufffehouse is well\ufffeknown.", "A well-known lighthouse.")

    assert texts(arrange([lines], []))[0].startswith("the lighthouse is well-known.")


def test_the_outline_makes_headings_and_the_chapter_label_joins_its_title() -> None:
    lines = page(line("Chapter 1", size=20), line("The lamp", size=22), "It burns.")

    heading, text = arrange([lines], [Entry("The lamp", 1, 1), Entry("Other", 1, 9)])

    assert (heading.kind, heading.text, heading.level) == ("heading", "Chapter 1 The lamp", 1)
    assert text.headings == ("Chapter 1 The lamp",)


def test_without_an_outline_large_type_makes_headings() -> None:
    lines = page(line("The lamp", size=16), *WRAPPED, line("The oil", size=16), *WRAPPED)

    blocks = arrange([lines], [])

    assert [block.kind for block in blocks] == ["heading", "text", "heading", "text"]
    assert blocks[3].headings == ("The oil",)


def test_code_keeps_its_lines_and_indents() -> None:
    inner = Line("x = 1", 62, 90, 0, 0, 10, mono=True)
    lines = page(line("def f():", mono=True), inner, line("f()", mono=True))

    (block,) = arrange([lines], [])

    assert (block.kind, block.text) == ("code", "def f():\n  x = 1\nf()")


def test_contents_with_dot_leaders_are_dropped() -> None:
    lines = page("1 The lamp . . . . . . . . . . 12", "2 The oil ............ xiv", "Text.")

    assert texts(arrange([lines], [])) == ["Text."]


def test_a_chapter_among_contents_is_dropped_without_leaders() -> None:
    contents = page("1 The lamp 3", "1.1 Its oil . . . . . . 12", "1.2 Its wick . . . . . . 14")
    text = page("It was lit on 9 May 1904", "Text.")

    said = " ".join(block.text for block in arrange([contents, text], []))

    assert said == "It was lit on 9 May 1904 Text."


def test_a_number_that_stands_apart_at_the_foot_is_the_pages() -> None:
    numbers = ("第 1 页", "- 2 -", "3")
    pages = [page(f"Beacon {n} is lit.", line(n, y=30)) for n in numbers]

    assert texts(arrange(pages, [])) == [f"Beacon {n} is lit." for n in numbers]


def test_what_most_pages_begin_with_is_a_running_head() -> None:
    pages = [page("The lighthouse", f"On page {n} it burns.") for n in "abcd"]

    assert "The lighthouse" not in texts(arrange(pages, []))
