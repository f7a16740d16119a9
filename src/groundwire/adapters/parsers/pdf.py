"""PDF through PDFium: lines with their place on the page, and the outline."""

# pypdfium2 has no type stubs; what comes from it is checked where it enters.
# pyright: reportMissingTypeStubs=false, reportUnknownMemberType=false
# pyright: reportUnknownVariableType=false, reportUnknownArgumentType=false

import ctypes
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pypdfium2
import pypdfium2.raw as pdfium

from groundwire.adapters.parsers.pdf_layout import Entry, Line, arrange
from groundwire.model.documents import Parsed
from groundwire.model.errors import UnreadableDocument

MAX_PAGES = 20_000
_FONT_NAME_BYTES = 256
_BOLD_WEIGHT = 600


def parse_pdf(path: Path) -> Parsed:
    """Read a PDF's text layer; pages count from 1.

    Raises ``UnreadableDocument``: broken, encrypted, empty or too_large.
    """
    document = _open(path)
    try:
        pages = [list(_lines(document, index)) for index in range(len(document))]
        if not any(pages):
            raise UnreadableDocument(
                "empty",
                "This PDF has no text in it, only pictures: it is probably a scan. "
                "Run text recognition (OCR) on it and upload the result.",
            )
        blocks = arrange(pages, list(_outline(document)))
        title = document.get_metadata_value("Title").strip() or None
        return Parsed(blocks=tuple(blocks), pages=len(pages), title=title)
    finally:
        document.close()


def _open(path: Path) -> pypdfium2.PdfDocument:
    try:
        document = pypdfium2.PdfDocument(path)
    except pypdfium2.PdfiumError as error:
        if error.err_code in (pdfium.FPDF_ERR_PASSWORD, pdfium.FPDF_ERR_SECURITY):
            raise UnreadableDocument(
                "encrypted",
                "This PDF is protected by a password. Save a copy without it and upload that.",
            ) from error
        raise UnreadableDocument(
            "broken", "This PDF is damaged and cannot be opened. Export it again and retry."
        ) from error
    if len(document) > MAX_PAGES:
        document.close()
        raise UnreadableDocument(
            "too_large", f"This PDF has more than {MAX_PAGES:,} pages. Split it and upload parts."
        )
    return document


def _outline(document: pypdfium2.PdfDocument) -> Iterator[Entry]:
    for bookmark in document.get_toc(max_depth=6):
        destination = bookmark.get_dest()
        index = destination.get_index() if destination else None
        if index is not None:
            yield Entry(bookmark.get_title(), bookmark.level + 1, index + 1)


def _lines(document: pypdfium2.PdfDocument, index: int) -> Iterator[Line]:
    """Yield the lines of a page; one damaged page of many costs only itself."""
    try:
        page = document[index]
    except pypdfium2.PdfiumError:
        return
    textpage = page.get_textpage()
    try:
        yield from _measured(textpage, page.get_height())
    finally:
        textpage.close()
        page.close()


def _measured(textpage: pypdfium2.PdfTextPage, height: float) -> Iterator[Line]:
    position = 0
    for text in textpage.get_text_range().split("\r\n"):
        # PDFium counts UTF-16 units.
        units = len(text.encode("utf-16-le", "surrogatepass")) // 2
        if text.strip():
            line = _line(textpage, text, position, position + units - 1)
            yield replace(line, edge=min(line.y, height - line.y) / height) if height else line
        position += units + 2


def _line(textpage: pypdfium2.PdfTextPage, text: str, start: int, end: int) -> Line:
    first = pdfium.FPDFText_GetCharIndexFromTextIndex(textpage, start)
    last = pdfium.FPDFText_GetCharIndexFromTextIndex(textpage, end)
    left, y = _origin(textpage, first)
    mono = _is_monospaced(textpage, first) and _is_monospaced(textpage, last)
    return Line(
        text=text.encode("utf-8", "replace").decode(),
        left=left,
        right=_right(textpage, last),
        y=y,
        # PDFium joins two lines where a word is cut between them.
        foot=_origin(textpage, last)[1],
        size=pdfium.FPDFText_GetFontSize(textpage, first),
        bold=pdfium.FPDFText_GetFontWeight(textpage, first) >= _BOLD_WEIGHT,
        mono=mono,
    )


def _origin(textpage: pypdfium2.PdfTextPage, index: int) -> tuple[float, float]:
    x, y = ctypes.c_double(), ctypes.c_double()
    pdfium.FPDFText_GetCharOrigin(textpage, index, x, y)
    return x.value, y.value


def _right(textpage: pypdfium2.PdfTextPage, index: int) -> float:
    left, right, bottom, top = (ctypes.c_double() for _ in range(4))
    pdfium.FPDFText_GetCharBox(textpage, index, left, right, bottom, top)
    return right.value


def _is_monospaced(textpage: pypdfium2.PdfTextPage, index: int) -> bool:
    name = ctypes.create_string_buffer(_FONT_NAME_BYTES)
    flags = ctypes.c_int()
    pdfium.FPDFText_GetFontInfo(textpage, index, name, _FONT_NAME_BYTES, flags)
    lowered = name.value.lower()
    return any(word in lowered for word in (b"mono", b"cour", b"consol", b"typewriter", b"cmtt"))
