"""Real files made for tests, and reading them."""

# fpdf2 types what it takes loosely.
# pyright: reportUnknownMemberType=false

import io
import zipfile
from collections.abc import Mapping
from pathlib import Path
from typing import IO, Protocol

import pytest
from fpdf import FPDF
from PIL import Image, ImageDraw, ImageFont

from groundwire.adapters.parsers.pool import ParserPool
from groundwire.model.documents import Parsed
from groundwire.model.errors import UnreadableDocument

CHINESE_FONTS = (
    Path("/usr/share/fonts/opentype/noto/NotoSansCJK-Regular.ttc"),
    Path("/usr/share/fonts/opentype/noto/NotoSerifCJK-Regular.ttc"),
    Path("/usr/share/fonts/truetype/wqy/wqy-microhei.ttc"),
)


def chinese_font() -> Path:
    font = next((path for path in CHINESE_FONTS if path.exists()), None)
    if font is None:
        pytest.skip("no Chinese font on this machine")
    return font


class Saveable(Protocol):
    def save(self, file: IO[bytes], /) -> object: ...


async def read(parser: ParserPool, folder: Path, name: str, content: bytes) -> Parsed:
    path = folder / "blob"
    path.write_bytes(content)
    return await parser.parse(path, name=name)


def saved(document: Saveable) -> bytes:
    buffer = io.BytesIO()
    document.save(buffer)
    return buffer.getvalue()


def zipped(entries: Mapping[str, bytes | str]) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in entries.items():
            archive.writestr(name, content)
    return buffer.getvalue()


ODF_NAMES = " ".join(
    f'xmlns:{short}="urn:oasis:names:tc:opendocument:xmlns:{long}:1.0"'
    for short, long in {
        "office": "office",
        "text": "text",
        "table": "table",
        "draw": "drawing",
        "presentation": "presentation",
        "manifest": "manifest",
    }.items()
)


def odf(kind: str, body: str, **others: str) -> bytes:
    """An OpenDocument file of ``kind``: ``text``, ``spreadsheet`` or ``presentation``."""
    content = (
        f"<office:document-content {ODF_NAMES}><office:body><office:{kind}>{body}"
        f"</office:{kind}></office:body></office:document-content>"
    )
    mimetype = f"application/vnd.oasis.opendocument.{kind}"
    return zipped({"mimetype": mimetype, "content.xml": content, **others})


def book(pages: Mapping[str, str], *, contents: str = "", **others: str) -> bytes:
    """An EPUB of XHTML ``pages``; ``contents`` are the navPoints of its table of contents."""
    items = "".join(
        f'<item id="{name}" href="text/{name}.xhtml" media-type="application/xhtml+xml"/>'
        for name in pages
    )
    spine = "".join(f'<itemref idref="{name}"/>' for name in pages)
    files = {
        "mimetype": "application/epub+zip",
        "META-INF/container.xml": "<container "
        'xmlns="urn:oasis:names:tc:opendocument:xmlns:container"><rootfiles>'
        '<rootfile full-path="OPS/book.opf"/></rootfiles></container>',
        "OPS/book.opf": '<package xmlns="http://www.idpf.org/2007/opf"><metadata '
        'xmlns:dc="http://purl.org/dc/elements/1.1/"><dc:title>The keeper</dc:title></metadata>'
        f'<manifest>{items}<item id="ncx" href="toc.ncx" media-type="application/x-dtbncx+xml"/>'
        f"</manifest><spine>{spine}</spine></package>",
        "OPS/toc.ncx": f'<ncx xmlns="http://www.daisy.org/z3986/2005/ncx/">{contents}</ncx>',
    }
    files |= {
        f"OPS/text/{name}.xhtml": f"<html><body>{text}</body></html>"
        for name, text in pages.items()
    }
    return zipped({**files, **others})


def texts(parsed: Parsed, kind: str | None = None) -> list[str]:
    return [block.text for block in parsed.blocks if kind in (None, block.kind)]


def report(pages: int = 4) -> FPDF:
    """A report with a running head, page numbers, an outline and paragraphs that wrap."""

    class Report(FPDF):
        def header(self) -> None:
            self.set_font("Helvetica", size=8)
            self.cell(0, 8, "Annual report of the lighthouse", new_x="LMARGIN", new_y="NEXT")
            self.ln(14)

        def footer(self) -> None:
            self.set_y(-15)
            self.set_font("Helvetica", size=8)
            self.cell(0, 8, f"{self.page_no()} / {pages}", align="C")

    pdf = Report()
    for number in range(1, pages + 1):
        pdf.add_page()
        pdf.start_section(f"Chapter about year {number}")
        pdf.set_font("Helvetica", "B", 18)
        pdf.cell(0, 12, f"Chapter about year {number}", new_x="LMARGIN", new_y="NEXT")
        pdf.set_font("Helvetica", size=11)
        pdf.multi_cell(
            0, 6,
            f"In year {number} the lamp was lit on {number * 90} nights. The keeper wrote each of "
            "them down, the weather and the ships that passed, in a book that is still there.",
        )  # fmt: skip
    return pdf


async def refused(parser: ParserPool, folder: Path, name: str, content: bytes, reason: str) -> str:
    with pytest.raises(UnreadableDocument) as caught:
        await read(parser, folder, name, content)
    assert caught.value.reason == reason
    return caught.value.message


def saved_image(image: Image.Image, format: str, **options: object) -> bytes:
    buffer = io.BytesIO()
    image.save(buffer, format, **options)
    return buffer.getvalue()


def written(*lines: str, font: Path | None = None) -> Image.Image:
    """A picture of a page with ``lines`` on it, as a scanner would give it at 200 dpi."""
    page = Image.new("L", (1240, 1000), "white")
    letters = ImageFont.truetype(font, 40) if font else ImageFont.load_default(40)
    ImageDraw.Draw(page).multiline_text((100, 100), "\n".join(lines), "black", letters, spacing=24)
    return page
