"""PDF through PDFium: lines with their place on the page, and the outline."""

# pypdfium2 has no type stubs; what comes from it is checked where it enters.
# pyright: reportMissingTypeStubs=false, reportUnknownMemberType=false
# pyright: reportUnknownVariableType=false, reportUnknownArgumentType=false

import ctypes
import re
from collections.abc import Iterator
from functools import lru_cache
from pathlib import Path

import pypdfium2
import pypdfium2.raw as pdfium

from groundwire.adapters.parsers.help import Aside, Help
from groundwire.adapters.parsers.parts import refuse
from groundwire.adapters.parsers.pdf_layout import arrange
from groundwire.adapters.parsers.pdf_lines import GAP, Cell, Entry, Line, is_loose
from groundwire.adapters.parsers.pdf_pictures import find_pictures, insert
from groundwire.adapters.parsers.recognise import Recognised, recognise
from groundwire.model.documents import Parsed
from groundwire.model.errors import UnreadableDocument

MAX_PAGES = 20_000
# From so many pages on, two processes are quicker than one.
SHARED_PAGES = 16
_FONT_NAME_BYTES = 256
_BOLD_WEIGHT = 600


def parse_pdf(source: Path | bytes, help: Help) -> Parsed:
    """Read a PDF's text layer, and with OCR the pages that are pictures; pages count from 1.

    Raises ``UnreadableDocument``: broken, encrypted, empty, needs_ocr or too_large.
    """
    document = open_pdf(source)
    try:
        pages = _pages(document, source, help.aside)
        outline = list(_outline(document))
        pictures = list(find_pictures(document, pages))
        read = recognise(pictures, help.ocr, help.alive)
        for page, paragraphs in read.paragraphs.items():
            if paragraphs:
                pages[page - 1] = []  # what little there was is on the picture as well
        blocks = insert(arrange(pages, outline), read.paragraphs, outline)
        if not blocks:
            raise _nothing(read)
        title = document.get_metadata_value("Title").strip() or None
        return Parsed(blocks=tuple(blocks), pages=len(pages), title=title, unread=read.unread)
    finally:
        document.close()


def _nothing(read: Recognised) -> UnreadableDocument:
    if read.unread:
        return refuse(read.unread[0], read.unread[0].reason)
    return UnreadableDocument("empty", "There is no text in this PDF, not even in its pictures.")


def read_pages(path: Path, start: int, step: int) -> list[list[Line]]:
    """Return the lines of every page ``start``, ``start + step`` and so on, counted from 0."""
    document = open_pdf(path)
    try:
        return [list(_lines(document, index)) for index in range(start, len(document), step)]
    finally:
        document.close()


def _pages(
    document: pypdfium2.PdfDocument, source: Path | bytes, aside: Aside | None
) -> list[list[Line]]:
    if aside is None or isinstance(source, bytes) or len(document) < SHARED_PAGES:
        return [list(_lines(document, index)) for index in range(len(document))]
    aside.begin(source, 1, 2)
    pages: list[list[Line]] = [[]] * len(document)
    try:
        pages[0::2] = [list(_lines(document, index)) for index in range(0, len(document), 2)]
    finally:
        # Even if ours failed: the next file must not be given the pages of this one.
        pages[1::2] = aside.finish()
    return pages


def open_pdf(source: Path | bytes) -> pypdfium2.PdfDocument:
    """Raises ``UnreadableDocument`` (broken, encrypted, too_large)."""
    try:
        document = pypdfium2.PdfDocument(source)
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
        yield from _Measure(textpage.raw, page.get_height()).lines(textpage.get_text_range())
    finally:
        textpage.close()
        page.close()


class _Measure:
    """The lines of one page; what PDFium writes its answers to is made once."""

    def __init__(self, textpage: object, height: float) -> None:
        self._page = textpage
        self._height = height
        self._numbers = tuple(ctypes.c_double() for _ in range(4))
        self._name = ctypes.create_string_buffer(_FONT_NAME_BYTES)

    def lines(self, text: str) -> Iterator[Line]:
        position = 0
        for line in text.split("\r\n"):
            # PDFium counts UTF-16 units.
            units = len(line.encode("utf-16-le", "surrogatepass")) // 2
            if line.strip():
                yield self._line(line, position, position + units - 1)
            position += units + 2

    def _line(self, text: str, start: int, end: int) -> Line:
        page, height = self._page, self._height
        first = pdfium.FPDFText_GetCharIndexFromTextIndex(page, start)
        last = pdfium.FPDFText_GetCharIndexFromTextIndex(page, end)
        left, y = self._origin(first)
        right = self._right(last)
        size = pdfium.FPDFText_GetFontSize(page, first)
        mono = self._is_monospaced(first) and self._is_monospaced(last)
        loose = not mono and is_loose(text, right - left, size)
        return Line(
            text=text.encode("utf-8", "replace").decode(),
            left=left,
            right=right,
            y=y,
            # PDFium joins two lines where a word is cut between them.
            foot=self._origin(last)[1],
            size=size,
            bold=pdfium.FPDFText_GetFontWeight(page, first) >= _BOLD_WEIGHT,
            mono=mono,
            edge=min(y, height - y) / height if height else 0.5,
            cells=tuple(self._cells(text, start, size)) if loose else (),
        )

    def _cells(self, text: str, start: int, size: float) -> Iterator[Cell]:
        """Yield what stands between wide gaps."""
        left = right = 0.0
        words = ""
        for match in re.finditer(r"\S+", text):
            # PDFium counts UTF-16 units; beyond the first plane there are no tables to be lost.
            ends = [
                pdfium.FPDFText_GetCharIndexFromTextIndex(self._page, start + at)
                for at in (match.start(), match.end() - 1)
            ]
            begin = self._origin(ends[0])[0]
            if words and begin - right > GAP * size:
                yield Cell(words, left, right)
                words = ""
            left = left if words else begin
            words = f"{words} {match.group()}" if words else match.group()
            right = self._right(ends[1])
        if words:
            yield Cell(words, left, right)

    def _origin(self, index: int) -> tuple[float, float]:
        x, y, *_ = self._numbers
        found = pdfium.FPDFText_GetCharOrigin(self._page, index, x, y)
        return (x.value, y.value) if found else (0.0, 0.0)

    def _right(self, index: int) -> float:
        found = pdfium.FPDFText_GetCharBox(self._page, index, *self._numbers)
        return self._numbers[1].value if found else 0.0

    def _is_monospaced(self, index: int) -> bool:
        found = pdfium.FPDFText_GetFontInfo(self._page, index, self._name, _FONT_NAME_BYTES, None)
        return found > 0 and _names_monospaced(self._name.value)


@lru_cache(maxsize=256)  # a document has a handful of fonts
def _names_monospaced(font: bytes) -> bool:
    lowered = font.lower()
    return any(word in lowered for word in (b"mono", b"cour", b"consol", b"typewriter", b"cmtt"))
