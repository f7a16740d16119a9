"""Every parser reads real files; each file that cannot be read says why."""

# python-docx and python-pptx type their shapes and styles as their bare base classes.
# pyright: reportUnknownMemberType=false, reportAttributeAccessIssue=false
# pyright: reportOptionalMemberAccess=false

import io
from datetime import datetime
from pathlib import Path

import docx
import openpyxl
import pptx
import pypdf
import pytest
from docx.enum.style import WD_STYLE_TYPE
from fpdf import FPDF
from pptx.util import Inches

from groundwire.adapters.parsers.pool import ParserPool
from tests.files import chinese_font, read, refused, report, saved, texts

pytestmark = pytest.mark.asyncio(loop_scope="module")


# -- PDF ----------------------------------------------------------------------------------------


async def test_a_pdf_keeps_its_pages_and_headings(parser: ParserPool, tmp_path: Path) -> None:
    parsed = await read(parser, tmp_path, "r.pdf", bytes(report().output()))

    assert parsed.pages == 4
    (block,) = [block for block in parsed.blocks if "180 nights" in block.text]
    assert (block.page, block.headings) == (2, ("Chapter about year 2",))


async def test_wrapped_lines_of_a_pdf_are_sentences_again(
    parser: ParserPool, tmp_path: Path
) -> None:
    parsed = await read(parser, tmp_path, "r.pdf", bytes(report().output()))

    assert any(
        "The keeper wrote each of them down, the weather and the ships that passed, in a book "
        "that is still there." in text
        for text in texts(parsed)
    )


async def test_running_heads_and_page_numbers_are_dropped(
    parser: ParserPool, tmp_path: Path
) -> None:
    text = "\n".join(texts(await read(parser, tmp_path, "r.pdf", bytes(report().output()))))

    assert "Annual report" not in text
    assert " / 4" not in text


async def test_a_long_pdf_keeps_the_order_of_its_pages(parser: ParserPool, tmp_path: Path) -> None:
    parsed = await read(parser, tmp_path, "r.pdf", bytes(report(21).output()))

    assert [(block.page, block.text) for block in parsed.blocks if block.kind == "heading"] == [
        (year, f"Chapter about year {year}") for year in range(1, 22)
    ]
    assert parsed.pages == 21


async def test_a_table_of_a_pdf_stays_a_table(parser: ParserPool, tmp_path: Path) -> None:
    pdf = FPDF()
    pdf.add_page()
    pdf.set_font("Helvetica", size=11)
    pdf.multi_cell(0, 7, "The prices of the year are below.", new_x="LMARGIN", new_y="NEXT")
    rows = (
        ("Item", "Price", "Supplier"),
        ("Oil for the lamp", "12.50", "Barbier and sons, who have made lenses for ever and a day"),
        ("Wick", "3", "Maker of wicks"),
    )
    with pdf.table() as table:
        for cells in rows:
            row = table.row()
            for cell in cells:
                row.cell(cell)
    pdf.multi_cell(0, 7, "What comes after the table is text again.")

    parsed = await read(parser, tmp_path, "t.pdf", bytes(pdf.output()))

    assert [(block.kind, block.text) for block in parsed.blocks] == [
        ("text", "The prices of the year are below."),
        ("table", "\n".join(" | ".join(cells) for cells in rows)),
        ("text", "What comes after the table is text again."),
    ]


async def test_a_chinese_pdf_is_joined_without_spaces(parser: ParserPool, tmp_path: Path) -> None:
    font = chinese_font()
    pdf = FPDF()
    pdf.add_font("cjk", fname=font)
    pdf.add_page()
    pdf.set_font("cjk", size=12)
    sentence = "灯塔的看守人把每一个夜晚的天气和船只都写在一本还保存着的簿子里，簿子在博物馆。"
    pdf.multi_cell(0, 8, sentence * 2)

    parsed = await read(parser, tmp_path, "灯塔.pdf", bytes(pdf.output()))

    assert texts(parsed) == [sentence * 2]


async def test_a_pdf_with_a_password_says_so(parser: ParserPool, tmp_path: Path) -> None:
    writer = pypdf.PdfWriter(io.BytesIO(bytes(report(1).output())))
    writer.encrypt("secret", algorithm="AES-256")
    buffer = io.BytesIO()
    writer.write(buffer)

    await refused(parser, tmp_path, "secret.pdf", buffer.getvalue(), "encrypted")


async def test_a_pdf_of_nothing_says_that_it_has_no_text(
    parser: ParserPool, tmp_path: Path
) -> None:
    pdf = FPDF()
    pdf.add_page()
    pdf.rect(10, 10, 50, 50, style="F")

    await refused(parser, tmp_path, "drawing.pdf", bytes(pdf.output()), "empty")


# -- Office -------------------------------------------------------------------------------------


async def test_a_word_document_keeps_headings_lists_and_tables(
    parser: ParserPool, tmp_path: Path
) -> None:
    document = docx.Document()
    document.add_heading("Lighthouse", 1)
    document.add_heading("The lamp", 2)
    document.add_paragraph("It burns oil. 它烧油。")
    document.add_paragraph("clean the glass", style="List Bullet")
    document.add_paragraph("trim the wick", style="List Bullet")
    table = document.add_table(rows=2, cols=2)
    for cell, text in zip((*table.rows[0].cells, *table.rows[1].cells), "ABCD", strict=True):
        cell.text = text

    parsed = await read(parser, tmp_path, "l.docx", saved(document))

    assert [(block.kind, block.text) for block in parsed.blocks] == [
        ("heading", "Lighthouse"),
        ("heading", "The lamp"),
        ("text", "It burns oil. 它烧油。"),
        ("list", "• clean the glass\n• trim the wick"),
        ("table", "A | B\nC | D"),
    ]
    assert parsed.blocks[2].headings == ("Lighthouse", "The lamp")
    assert parsed.pages is None


async def test_a_heading_style_of_ones_own_is_a_heading(parser: ParserPool, tmp_path: Path) -> None:
    document = docx.Document()
    style = document.styles.add_style("My Section", WD_STYLE_TYPE.PARAGRAPH)
    style.base_style = document.styles["Heading 2"]
    document.add_paragraph("Own", style="My Section")

    parsed = await read(parser, tmp_path, "o.docx", saved(document))

    assert [(block.kind, block.level) for block in parsed.blocks] == [("heading", 2)]


async def test_each_slide_is_a_page_with_its_title_and_notes(
    parser: ParserPool, tmp_path: Path
) -> None:
    slides = pptx.Presentation()
    for number in (1, 2):
        slide = slides.slides.add_slide(slides.slide_layouts[1])
        slide.shapes.title.text = f"Title {number}"
        slide.placeholders[1].text = f"Point {number}\nSecond point {number}"
    slide.notes_slide.notes_text_frame.text = "说给听众的话。"
    slides.slides.add_slide(slides.slide_layouts[6]).shapes.add_textbox(
        Inches(0), Inches(0), Inches(1), Inches(1)
    ).text_frame.text = "Untitled slide."

    parsed = await read(parser, tmp_path, "s.pptx", saved(slides))

    assert parsed.pages == 3
    assert [(block.page, block.headings, block.text) for block in parsed.blocks] == [
        (1, (), "Title 1"),
        (1, ("Title 1",), "• Point 1\n• Second point 1"),
        (2, (), "Title 2"),
        (2, ("Title 2",), "• Point 2\n• Second point 2"),
        (2, ("Title 2",), "说给听众的话。"),
        (3, (), "Untitled slide."),
    ]


async def test_a_workbook_shows_its_cells_as_its_readers_see_them(
    parser: ParserPool, tmp_path: Path
) -> None:
    book = openpyxl.Workbook()
    sheet = book.active
    assert sheet
    sheet.title = "价格"
    sheet.append(["Prices of the year"])
    sheet.append(["Item", "Price", "Since", "Share"])
    sheet.append(["Oil", 12.5, datetime.fromisoformat("2026-03-01"), 0.25])
    sheet.append(["Wick", None, datetime.fromisoformat("2026-04-02T08:30"), 0.5])
    sheet["D3"].number_format = sheet["D4"].number_format = "0%"
    book.create_sheet("Empty")
    other = book.create_sheet("Keepers")
    other.append(["Name", "Age"])
    other.append(["Ada", 36])

    parsed = await read(parser, tmp_path, "b.xlsx", saved(book))

    assert [(block.kind, block.headings, block.text) for block in parsed.blocks] == [
        ("heading", (), "价格"),
        ("text", ("价格",), "Prices of the year"),
        (
            "table",
            ("价格",),
            "Item | Price | Since | Share\nOil | 12.5 | 2026-03-01 | 25%\n"
            "Wick |  | 2026-04-02 08:30 | 50%",
        ),
        ("heading", (), "Empty"),
        ("heading", (), "Keepers"),
        ("table", ("Keepers",), "Name | Age\nAda | 36"),
    ]


# -- Markup and text ----------------------------------------------------------------------------


async def test_html_is_read_as_it_is_seen(parser: ParserPool, tmp_path: Path) -> None:
    page = """<!DOCTYPE html><html><head><title>The lamp</title><style>p {color: red}</style>
    <script>var hidden = "<p>no</p>";</script></head><body><nav>Home | About</nav>
    <h1>Lamp &amp; lens</h1><p>It <b>burns</b>
    oil.</p><ul><li>glass</li><li>wick</li></ul><pre>a = 1\n  b</pre>
    <table><tr><th>Item</th><th>Price</th></tr><tr><td>Oil</td><td>12</td></tr></table>
    <p>Unclosed<div>第二段。</div></body>"""

    parsed = await read(parser, tmp_path, "p.html", page.encode())

    assert parsed.title == "The lamp"
    assert [(block.kind, block.text) for block in parsed.blocks] == [
        ("heading", "Lamp & lens"),
        ("text", "It burns oil."),
        ("list", "• glass\n• wick"),
        ("code", "a = 1\n  b"),
        ("table", "Item | Price\nOil | 12"),
        ("text", "Unclosed"),
        ("text", "第二段。"),
    ]


async def test_markdown_keeps_its_structure_and_loses_its_marks(
    parser: ParserPool, tmp_path: Path
) -> None:
    text = (
        "---\ntitle: x\n---\n# Lamp\n\nIt **burns**\n[oil](http://x) and `gas`.\n\nWick\n----\n\n"
        "- first\n- second\n  goes on\n\n1. one\n2. two\n\n```py\nx = 1\n\n# no heading\n```\n\n"
        "| Item | Price |\n|---|--:|\n| Oil | 12 |\n"
    )

    parsed = await read(parser, tmp_path, "l.md", text.encode())

    assert [(block.kind, block.headings, block.text) for block in parsed.blocks] == [
        ("heading", (), "Lamp"),
        ("text", ("Lamp",), "It burns oil and gas."),
        ("heading", ("Lamp",), "Wick"),
        ("list", ("Lamp", "Wick"), "- first\n- second goes on\n1. one\n2. two"),
        ("code", ("Lamp", "Wick"), "x = 1\n\n# no heading"),
        ("table", ("Lamp", "Wick"), "Item | Price\nOil | 12"),
    ]


@pytest.mark.parametrize(
    ("encoding", "text"),
    [
        ("utf-8", "灯塔的看守人。Keeper of the light."),
        ("utf-8-sig", "灯塔的看守人。"),
        ("utf-16", "灯塔的看守人 and his lamp."),
        ("utf-16-le", "The keeper of the lighthouse, 灯塔。"),
        ("gb18030", "灯塔的看守人把每一个夜晚的天气都写在簿子里，这本簿子还在。"),
        ("big5", "燈塔的看守人把每一個夜晚的天氣都寫在簿子裡，這本簿子還在。"),
        ("shift_jis", "灯台の番人は毎晩の天気を帳面に書いた。その帳面は今もある。"),
        ("euc_kr", "등대지기는 매일 밤 날씨를 공책에 적었다."),
        ("euc_kr", "서울 지점 보고서"),
        ("gb18030", "长江大桥于一九五七年建成通车"),
        ("gb18030", "北京分公司报告"),
        ("gb18030", "价格表"),
        ("cp1252", "Le gardien écrit « la mer » à côté du café. Größe, naïve, “quoted”."),
        ("latin-1", "El niño señaló el faro. ¿Mañana?"),
    ],
)
async def test_text_is_read_in_the_encoding_it_has(
    parser: ParserPool, tmp_path: Path, encoding: str, text: str
) -> None:
    parsed = await read(parser, tmp_path, "t.txt", text.encode(encoding))

    assert texts(parsed) == [text]


async def test_a_text_that_begins_as_a_picture_does_is_a_text(
    parser: ParserPool, tmp_path: Path
) -> None:
    assert texts(await read(parser, tmp_path, "t.txt", b"BMW makes cars.")) == ["BMW makes cars."]


async def test_csv_is_one_table_with_its_header_first(parser: ParserPool, tmp_path: Path) -> None:
    content = '商品;价格;备注\n油;12,5;"两行\n备注"\n灯芯;3;\n'.encode("gb18030")

    parsed = await read(parser, tmp_path, "p.csv", content)

    assert [(block.kind, block.text) for block in parsed.blocks] == [
        ("table", "商品 | 价格 | 备注\n油 | 12,5 | 两行 备注\n灯芯 | 3 |")
    ]


async def test_text_that_was_wrapped_is_joined_and_lines_that_stand_alone_are_not(
    parser: ParserPool, tmp_path: Path
) -> None:
    text = (
        "The keeper of the lighthouse wrote down each night\n"
        "the weather and the ships, in a book that is still\nthere.\n\n"
        "Oil: 12\nWick: 3\n"
    )

    parsed = await read(parser, tmp_path, "t.txt", text.encode())

    assert texts(parsed) == [
        "The keeper of the lighthouse wrote down each night the weather and the ships, in a book "
        "that is still there.",
        "Oil: 12",
        "Wick: 3",
    ]


# -- What cannot be read ------------------------------------------------------------------------
