"""OpenDocument, EPUB, RTF, source code and subtitles, each as its readers see it."""

from pathlib import Path

import pytest

from groundwire.adapters.parsers.pool import ParserPool
from groundwire.model.documents import Block, Parsed
from groundwire.model.places import Place
from tests.files import book, odf, read, texts

pytestmark = pytest.mark.asyncio(loop_scope="module")


def shown(parsed: Parsed) -> list[tuple[str, tuple[str, ...], str]]:
    return [(block.kind, block.headings, block.text) for block in parsed.blocks]


def place(block: Block) -> tuple[str, int, int] | None:
    return block.place and (block.place.unit, block.place.first, block.place.last)


# -- OpenDocument -------------------------------------------------------------------------------


async def test_a_text_keeps_headings_lists_tables_and_notes(
    parser: ParserPool, tmp_path: Path
) -> None:
    body = (
        "<text:tracked-changes><text:p>deleted</text:p></text:tracked-changes>"
        '<text:h text:outline-level="1">Lighthouse</text:h>'
        '<text:section><text:h text:outline-level="2">The <text:span>lamp</text:span></text:h>'
        '<text:p>It burns<text:s text:c="2"/>oil.<text:note><text:note-citation>1'
        "</text:note-citation><text:note-body><text:p>Whale oil.</text:p></text:note-body>"
        "</text:note> 它烧油。</text:p>"
        "</text:section>"
        "<text:list><text:list-item><text:p>glass</text:p><text:list><text:list-item>"
        "<text:p>wipe it</text:p></text:list-item></text:list></text:list-item></text:list>"
        "<table:table><table:table-header-rows><table:table-row><table:table-cell>"
        "<text:p>Item</text:p></table:table-cell><table:table-cell><text:p>Price</text:p>"
        "</table:table-cell></table:table-row></table:table-header-rows><table:table-row>"
        "<table:table-cell><text:p>Oil</text:p></table:table-cell>"
        "<table:table-cell><text:p>12</text:p><text:p>net</text:p></table:table-cell>"
        "</table:table-row></table:table>"
    )

    parsed = await read(parser, tmp_path, "l.odt", odf("text", body))

    assert shown(parsed) == [
        ("heading", (), "Lighthouse"),
        ("heading", ("Lighthouse",), "The lamp"),
        ("text", ("Lighthouse", "The lamp"), "It burns oil. 它烧油。"),
        ("text", ("Lighthouse", "The lamp"), "Whale oil."),
        ("list", ("Lighthouse", "The lamp"), "• glass\n• wipe it"),
        ("table", ("Lighthouse", "The lamp"), "Item | Price\nOil | 12 net"),
    ]


async def test_a_sheet_knows_its_rows_and_is_not_as_long_as_its_file_says(
    parser: ParserPool, tmp_path: Path
) -> None:
    def row(*cells: str, repeated: int = 1) -> str:
        inner = "".join(f"<table:table-cell>{cell}</table:table-cell>" for cell in cells)
        return f'<table:table-row table:number-rows-repeated="{repeated}">{inner}</table:table-row>'

    body = (
        '<table:table table:name="价格">'
        + row("<text:p>Prices of the year</text:p>")
        + row("<text:p>Item</text:p>", "<text:p>Share</text:p>")
        + row("<text:p>Oil</text:p>", "<text:p>25%</text:p>")
        + row("", repeated=3)
        + row("<text:p>Wick</text:p>", "<text:p>50%</text:p>", repeated=2)
        + row("", repeated=1_048_000)
        + "</table:table>"
    )

    parsed = await read(parser, tmp_path, "p.ods", odf("spreadsheet", body))

    assert [(each.headings, place(each), each.text) for each in parsed.blocks[1:]] == [
        (("价格",), None, "Prices of the year"),
        (("价格",), ("row", 2, 3), "Item | Share\nOil | 25%"),
        (("价格",), ("row", 7, 8), "Wick | 50%\nWick | 50%"),
    ]


async def test_each_slide_of_a_presentation_has_its_title_its_points_and_its_notes(
    parser: ParserPool, tmp_path: Path
) -> None:
    def frame(text: str, role: str) -> str:
        box = f"<draw:text-box>{text}</draw:text-box>"
        return f'<draw:frame presentation:class="{role}">{box}</draw:frame>'

    body = (
        "<draw:page>"
        + frame("<text:p>First</text:p>", "title")
        + frame(
            "<text:list><text:list-item><text:p>Point</text:p></text:list-item></text:list>",
            "outline",
        )
        + frame("<text:p>7</text:p>", "page-number")
        + "<presentation:notes>"
        + frame("<text:p>说给听众的话。</text:p>", "notes")
        + "</presentation:notes></draw:page><draw:page><draw:custom-shape>"
        "<text:p>In a shape.</text:p></draw:custom-shape></draw:page>"
    )

    parsed = await read(parser, tmp_path, "s.odp", odf("presentation", body))

    assert parsed.pages == 2
    assert [(each.page, place(each), each.headings, each.text) for each in parsed.blocks] == [
        (1, ("slide", 1, 1), (), "First"),
        (1, ("slide", 1, 1), ("First",), "• Point"),
        (1, ("slide", 1, 1), ("First",), "说给听众的话。"),
        (2, ("slide", 2, 2), (), "In a shape."),
    ]


# -- EPUB ---------------------------------------------------------------------------------------


async def test_a_book_is_read_in_the_order_of_its_spine_under_its_headings(
    parser: ParserPool, tmp_path: Path
) -> None:
    content = book(
        {"one": "<h1>The lamp</h1><p>It burns oil.</p>", "two": "<p>灯芯要修剪。</p>"},
        contents="<navPoint><navLabel><text>第二章</text></navLabel>"
        '<content src="text/two.xhtml#a"/></navPoint>',
    )

    parsed = await read(parser, tmp_path, "b.epub", content)

    assert parsed.title == "The keeper"
    assert shown(parsed) == [
        ("heading", (), "The lamp"),
        ("text", ("The lamp",), "It burns oil."),
        ("heading", (), "第二章"),
        ("text", ("第二章",), "灯芯要修剪。"),
    ]


# -- RTF ----------------------------------------------------------------------------------------

RTF = (
    rb"{\rtf1\ansi\ansicpg1252{\fonttbl{\f0\fcharset0 Arial;}{\f1\fcharset134 SimSun;}}"
    rb"{\stylesheet{\s0 Normal;}{\s1\outlinelevel0 heading 1;}{\s2 heading 2;}}"
    rb"{\info{\title hidden}}{\*\generator nobody;}"
    rb"\pard\s1 Lighthouse\par\pard\s2 The lamp\par"
    rb"\pard It burns\~oil \endash  \'93na\'efve\'94. \f1\'cb\'fc\'c9\'d5\'d3\'cd\'a1\'a3\f0 "
    rb"\u28783?\u22612\'3f!\par\pard{\listtext\'b7\tab}\ls1 clean the glass\par"
    rb"\pard{\listtext\'b7\tab}\ls1 trim the wick\par"
    rb"\trowd\pard\intbl Item\cell Price\cell\row\trowd\pard\intbl Oil\cell 12\par net\cell\row"
    rb"\pard {\v hidden}{\field{\*\fldinst HYPERLINK x}{\fldrslt a link}} and "
    rb"{\pict\pngblip 8950}an end.\par}"
)


async def test_rich_text_keeps_headings_lists_and_tables(
    parser: ParserPool, tmp_path: Path
) -> None:
    parsed = await read(parser, tmp_path, "l.rtf", RTF)

    under = ("Lighthouse", "The lamp")
    assert shown(parsed) == [
        ("heading", (), "Lighthouse"),
        ("heading", ("Lighthouse",), "The lamp"),
        ("text", under, "It burns oil – “naïve”. 它烧油。灯塔!"),
        ("list", under, "• clean the glass\n• trim the wick"),
        ("table", under, "Item | Price\nOil | 12 net"),
        ("text", under, "a link and an end."),
    ]


# -- Code and subtitles -------------------------------------------------------------------------


async def test_code_is_parted_between_definitions_and_knows_its_lines(
    parser: ParserPool, tmp_path: Path
) -> None:
    code = (
        "import os\n\n\ndef lamp():\n    x = 1\n\n    return x\n\n\n# 灯芯\nclass Wick:\n    pass\n"
    )

    parsed = await read(parser, tmp_path, "lamp.py", code.encode())

    assert [(each.kind, place(each), each.text) for each in parsed.blocks] == [
        ("code", ("line", 1, 1), "import os"),
        ("code", ("line", 4, 7), "def lamp():\n    x = 1\n\n    return x"),
        ("code", ("line", 10, 12), "# 灯芯\nclass Wick:\n    pass"),
    ]


SRT = """\ufeff1
00:00:01,000 --> 00:00:03,500
<i>The keeper</i> lights
the lamp

2
00:00:03,600 --> 00:00:06,000
every night.

3
00:01:10,000 --> 00:01:12,000
灯塔还亮着。
"""
VTT = """WEBVTT

NOTE a comment

intro
01:02.000 --> 01:04.000 align:start
<v Ada>Is it &amp; was it lit?

01:04.000 --> 01:05.000
<v Ada>Is it &amp; was it lit?
"""


async def test_subtitles_are_sentences_with_their_time(parser: ParserPool, tmp_path: Path) -> None:
    parsed = await read(parser, tmp_path, "film.srt", SRT.encode())

    assert [(each.place, each.text) for each in parsed.blocks] == [
        (Place(unit="second", first=1, last=6), "The keeper lights the lamp every night."),
        (Place(unit="second", first=70, last=72), "灯塔还亮着。"),
    ]


async def test_subtitles_say_who_speaks_and_are_known_without_their_name(
    parser: ParserPool, tmp_path: Path
) -> None:
    parsed = await read(parser, tmp_path, "film.txt", VTT.encode())

    assert texts(parsed) == ["Ada: Is it & was it lit?"]
    assert parsed.blocks[0].place == Place(unit="second", first=62, last=64)
