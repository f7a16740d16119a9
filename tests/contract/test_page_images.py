"""Pages of PDF files as pictures, with a passage marked on them."""

import io
from pathlib import Path

import numpy as np
import pypdf
import pytest
from fpdf import FPDF
from PIL import Image

from groundwire.adapters.parsers.pool import ParserPool
from groundwire.model.errors import NotFound, UnreadableDocument
from groundwire.ports.page_images import View
from tests.files import chinese_font, report, zipped

pytestmark = pytest.mark.asyncio(loop_scope="module")

REPORT = bytes(report(3).output())
SENTENCE = "In year 2 the lamp was lit on 180 nights."


async def draw(parser: ParserPool, folder: Path, content: bytes, view: View) -> Image.Image:
    blob = folder / "blob"
    blob.write_bytes(content)
    image = Image.open(io.BytesIO(await parser.draw(blob, view, name="r.pdf")))
    assert image.format == "WEBP"
    return image.convert("RGB")


def marked(image: Image.Image) -> list[tuple[int, int]]:
    """The points that are yellow, across and down."""
    pixels = np.asarray(image)
    yellow = (pixels[..., 0] > 200) & (pixels[..., 1] > 180) & (pixels[..., 2] < 170)
    down, across = np.nonzero(yellow)
    return list(zip(across.tolist(), down.tolist(), strict=True))


async def test_a_page_is_drawn_with_the_passage_marked(parser: ParserPool, tmp_path: Path) -> None:
    view = View(page=2, width=600, text=f"Chapter about year 2\n\n{SENTENCE}")

    image = await draw(parser, tmp_path, REPORT, view)

    assert image.width == 600
    across, down = zip(*marked(image), strict=True)
    # The heading and the sentence under it, which does not fill its line.
    assert 0.08 < min(down) / image.height < max(down) / image.height < 0.25
    assert min(across) < 0.1 * image.width < 0.3 * image.width < max(across)


async def test_without_a_passage_and_on_another_page_nothing_is_marked(
    parser: ParserPool, tmp_path: Path
) -> None:
    for view in (View(page=2, width=300), View(page=3, width=300, text=SENTENCE)):
        assert marked(await draw(parser, tmp_path, REPORT, view)) == []


async def test_a_page_that_is_turned_is_marked_where_the_text_is_seen(
    parser: ParserPool, tmp_path: Path
) -> None:
    writer = pypdf.PdfWriter(io.BytesIO(REPORT))
    writer.pages[1].rotate(90)
    buffer = io.BytesIO()
    writer.write(buffer)

    image = await draw(parser, tmp_path, buffer.getvalue(), View(page=2, width=800, text=SENTENCE))

    assert image.width > image.height
    across, down = zip(*marked(image), strict=True)
    # What is at the top left of the page is at the top right now, and runs downwards.
    assert min(across) > 0.6 * image.width
    assert max(down) - min(down) > max(across) - min(across)


async def test_a_chinese_passage_is_marked(parser: ParserPool, tmp_path: Path) -> None:
    pdf = FPDF()
    pdf.add_font("cjk", fname=chinese_font())
    pdf.add_page()
    pdf.set_font("cjk", size=12)
    for sentence in ("灯塔的看守人写了一本簿子。", "簿子在博物馆里，谁都可以去看。"):
        pdf.multi_cell(0, 8, sentence, new_y="NEXT", new_x="LMARGIN")
    view = View(page=1, width=600, text="簿子在博物馆里，谁都可以去看。")

    image = await draw(parser, tmp_path, bytes(pdf.output()), view)

    assert marked(image)
    assert min(y for _, y in marked(image)) > 0.055 * image.height


async def test_a_page_of_a_file_within_an_archive_is_drawn(
    parser: ParserPool, tmp_path: Path
) -> None:
    content = zipped({"a/inner.zip": zipped({"b/r.pdf": REPORT}), "a/x.txt": "x"})
    view = View(page=2, width=300, part="a/inner.zip/b/r.pdf", text=SENTENCE)

    assert marked(await draw(parser, tmp_path, content, view))


@pytest.mark.parametrize(
    ("content", "view"),
    [
        (REPORT, View(page=4, width=300)),
        (REPORT, View(page=1, width=300, part="r.pdf")),
        (zipped({"r.pdf": REPORT}), View(page=1, width=300, part="s.pdf")),
    ],
    ids=["page", "no archive", "part"],
)
async def test_what_is_not_there_is_not_found(
    parser: ParserPool, tmp_path: Path, content: bytes, view: View
) -> None:
    with pytest.raises(NotFound):
        await draw(parser, tmp_path, content, view)


@pytest.mark.parametrize(
    ("content", "reason"), [(b"Text.", "unknown_type"), (REPORT[:700], "broken")]
)
async def test_what_cannot_be_drawn_says_why(
    parser: ParserPool, tmp_path: Path, content: bytes, reason: str
) -> None:
    with pytest.raises(UnreadableDocument) as caught:
        await draw(parser, tmp_path, content, View(page=1, width=300))

    assert caught.value.reason == reason
