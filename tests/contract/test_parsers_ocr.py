"""Pictures of text are read where Tesseract is installed, and say what is missing where not."""

import io
import os
import shutil
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio
from fpdf import FPDF
from PIL import Image

from groundwire.adapters.parsers.pool import ParserPool
from tests.files import chinese_font, read, refused, saved_image, texts, written, zipped

pytestmark = pytest.mark.asyncio(loop_scope="module")

TESSERACT = shutil.which("tesseract")
needs_tesseract = pytest.mark.skipif(
    TESSERACT is None and os.environ.get("CI") != "true", reason="no Tesseract on this machine"
)
ENGLISH = ("The keeper of the lighthouse lit", "the lamp on ninety nights.")
CHINESE = ("灯塔的看守人把每一个夜晚的天气", "都写在一本还保存着的本子里。")
JOINED = "The keeper of the lighthouse lit the lamp on ninety nights."


@pytest_asyncio.fixture(loop_scope="module", scope="module")
async def reader() -> AsyncIterator[ParserPool]:
    parser = ParserPool(size=1, tesseract=TESSERACT)
    yield parser
    await parser.close()


def mixed_pdf() -> bytes:
    """A PDF with a page of text, one that is a scan, and one of text."""
    pdf = FPDF()
    pdf.set_font("Helvetica", size=12)
    for page in (1, 2, 3):
        pdf.add_page()
        pdf.start_section(f"Chapter {page}")
        if page == 2:
            pdf.image(io.BytesIO(saved_image(written(*ENGLISH), "JPEG")), 0, 0, 210)
        else:
            pdf.multi_cell(0, 8, f"Page {page} has text of its own, enough of it to be a page.")
    return bytes(pdf.output())


@needs_tesseract
async def test_a_scanned_page_within_a_pdf_is_read_in_its_place(
    reader: ParserPool, tmp_path: Path
) -> None:
    parsed = await read(reader, tmp_path, "mixed.pdf", mixed_pdf())

    assert [(block.page, block.headings, block.text) for block in parsed.blocks] == [
        (1, (), "Page 1 has text of its own, enough of it to be a page."),
        (2, (), "Chapter 2"),
        (2, ("Chapter 2",), JOINED),
        (3, (), "Page 3 has text of its own, enough of it to be a page."),
    ]
    assert parsed.unread == ()


async def test_without_tesseract_the_text_is_read_and_the_scan_is_named(
    parser: ParserPool, tmp_path: Path
) -> None:
    parsed = await read(parser, tmp_path, "mixed.pdf", mixed_pdf())

    assert [block.page for block in parsed.blocks] == [1, 3]
    (unread,) = parsed.unread
    assert (unread.where, unread.code) == ("p. 2", "needs_ocr")
    assert "tesseract-ocr-chi-sim" in unread.reason


async def test_the_picture_on_a_title_page_is_no_page_of_text(
    parser: ParserPool, tmp_path: Path
) -> None:
    pdf = FPDF()
    pdf.set_font("Helvetica", size=30)
    pdf.add_page()
    pdf.multi_cell(0, 20, "The lighthouse")
    pdf.image(Image.new("RGB", (400, 300), "navy"), 20, 80, 170)

    parsed = await read(parser, tmp_path, "book.pdf", bytes(pdf.output()))

    assert (texts(parsed), parsed.unread) == (["The lighthouse"], ())


async def test_a_scan_without_tesseract_says_what_to_install(
    parser: ParserPool, tmp_path: Path
) -> None:
    pdf = FPDF()
    pdf.add_page()
    pdf.image(written(*ENGLISH), 0, 0, 210)

    message = await refused(parser, tmp_path, "scan.pdf", bytes(pdf.output()), "needs_ocr")

    assert "install Tesseract" in message


@needs_tesseract
@pytest.mark.parametrize("format", ["PNG", "JPEG", "WEBP", "BMP"])
async def test_a_picture_of_text_is_read(reader: ParserPool, tmp_path: Path, format: str) -> None:
    content = saved_image(written(*ENGLISH), format)

    assert texts(await read(reader, tmp_path, "p.bin", content)) == [JOINED]


@needs_tesseract
async def test_chinese_is_read_without_spaces_between_its_characters(
    reader: ParserPool, tmp_path: Path
) -> None:
    content = saved_image(written(*CHINESE, font=chinese_font()), "PNG")

    assert texts(await read(reader, tmp_path, "灯塔.png", content)) == ["".join(CHINESE)]


@needs_tesseract
async def test_each_page_of_a_tiff_is_a_page_and_a_page_that_lies_on_its_side_is_read(
    reader: ParserPool, tmp_path: Path
) -> None:
    upright = written(*(ENGLISH * 3))
    pages = [upright, upright.rotate(90, expand=True)]
    content = saved_image(pages[0], "TIFF", save_all=True, append_images=pages[1:])

    parsed = await read(reader, tmp_path, "fax.tiff", content)

    assert parsed.pages == 2
    assert [block.page for block in parsed.blocks] == [1, 2]
    assert all(JOINED in block.text for block in parsed.blocks)


@needs_tesseract
@pytest.mark.parametrize("turned", [90, 180, 270])
async def test_a_few_words_are_read_however_they_lie(
    reader: ParserPool, tmp_path: Path, turned: int
) -> None:
    content = saved_image(written("On ninety nights.").rotate(turned, expand=True), "PNG")

    assert texts(await read(reader, tmp_path, "p.png", content)) == ["On ninety nights."]


@needs_tesseract
async def test_a_page_without_text_is_read_where_only_a_part_of_it_is_a_picture(
    reader: ParserPool, tmp_path: Path
) -> None:
    pdf = FPDF()
    pdf.set_font("Helvetica", size=12)
    pdf.add_page()
    pdf.multi_cell(0, 8, "This page has text of its own, enough of it to be a page.")
    pdf.add_page()
    receipt = written(*ENGLISH).crop((0, 0, 1240, 400))
    pdf.image(io.BytesIO(saved_image(receipt, "PNG")), 20, 20, 170)

    parsed = await read(reader, tmp_path, "receipt.pdf", bytes(pdf.output()))

    assert [(block.page, block.text) for block in parsed.blocks][1:] == [(2, JOINED)]


@needs_tesseract
async def test_a_photograph_is_turned_as_its_camera_was(reader: ParserPool, tmp_path: Path) -> None:
    turned = written(*ENGLISH).transpose(Image.Transpose.ROTATE_180)
    exif = Image.Exif()
    exif[0x0112] = 3  # upside down
    content = saved_image(turned, "JPEG", exif=exif)

    assert texts(await read(reader, tmp_path, "photo.jpg", content)) == [JOINED]


@needs_tesseract
async def test_a_picture_without_text_is_empty(reader: ParserPool, tmp_path: Path) -> None:
    content = saved_image(Image.new("RGB", (400, 300), "navy"), "PNG")

    await refused(reader, tmp_path, "night.png", content, "empty")


async def test_a_picture_in_an_archive_is_named_and_the_rest_is_read(
    parser: ParserPool, tmp_path: Path
) -> None:
    content = zipped({"scan.png": saved_image(written(*ENGLISH), "PNG"), "a.txt": "Good."})

    parsed = await read(parser, tmp_path, "all.zip", content)

    assert texts(parsed) == ["Good."]
    assert [(each.where, each.code) for each in parsed.unread] == [("scan.png", "needs_ocr")]
