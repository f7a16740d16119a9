"""The pages of a PDF that are pictures of text: which they are, and where their text goes."""

# pypdfium2 has no type stubs; what comes from it is checked where it enters.
# pyright: reportMissingTypeStubs=false, reportUnknownMemberType=false
# pyright: reportUnknownVariableType=false, reportUnknownArgumentType=false

from collections.abc import Iterator, Mapping, Sequence
from functools import partial
from itertools import islice

import pypdfium2
import pypdfium2.raw as pdfium
from PIL import Image

from groundwire.adapters.parsers.pdf_lines import Entry, Line
from groundwire.adapters.parsers.recognise import DPI, Picture, fit
from groundwire.model.documents import Block

# A scanner's stamp and a page number are not the text of a page.
_FEW_CHARS = 40
# Of the page's area: less is a mark, or on a title page an illustration.
_COVERED = 0.1
_COVERED_BESIDE_TEXT = 0.5
# Letters that were drawn as outlines are many.
_OUTLINES = 40
_LOOKED_AT = 2000


def find_pictures(
    document: pypdfium2.PdfDocument, pages: Sequence[Sequence[Line]]
) -> Iterator[Picture]:
    """Yield the pages with next to no text in ``pages`` that show some all the same."""
    for index, lines in enumerate(pages):
        chars = sum(len(line.text.strip()) for line in lines)
        if chars < _FEW_CHARS and _is_picture(document, index, has_text=chars > 0):
            yield Picture(index + 1, partial(_draw, document, index))


def _is_picture(document: pypdfium2.PdfDocument, index: int, *, has_text: bool) -> bool:
    try:
        page = document[index]
    except pypdfium2.PdfiumError:
        return False
    width, height = page.get_size()
    covered, outlines = 0.0, 0
    for each in islice(page.get_objects(max_depth=3), _LOOKED_AT):
        kind = pdfium.FPDFPageObj_GetType(each.raw)
        if kind == pdfium.FPDF_PAGEOBJ_IMAGE:
            left, bottom, right, top = each.get_bounds()
            covered += abs((right - left) * (top - bottom))
        elif kind in (pdfium.FPDF_PAGEOBJ_PATH, pdfium.FPDF_PAGEOBJ_TEXT):
            outlines += 1
    page.close()
    enough = _COVERED_BESIDE_TEXT if has_text else _COVERED
    is_covered = covered >= enough * width * height
    return is_covered or (outlines >= _OUTLINES and not has_text)


def _draw(document: pypdfium2.PdfDocument, index: int) -> Image.Image:
    page = document[index]
    try:
        scale = DPI / 72
        width, height = page.get_size()
        scale *= fit(width * scale, height * scale)
        bitmap = page.render(scale=scale, grayscale=True)  # pyright: ignore[reportArgumentType]
        return bitmap.to_pil().convert("L")
    finally:
        page.close()


def insert(
    blocks: Sequence[Block], paragraphs: Mapping[int, Sequence[str]], outline: Sequence[Entry]
) -> list[Block]:
    """Return ``blocks`` with the ``paragraphs`` of the pages that were pictures in their place.

    They are under the headings that the outline has for their page, else under those before.
    """
    entries: dict[int, list[Entry]] = {}
    for entry in outline:
        entries.setdefault(entry.page, []).append(entry)
    result: list[Block] = []
    rest = list(reversed(blocks))
    for page in sorted(paragraphs):
        while rest and (rest[-1].page or 0) < page:
            result.append(rest.pop())
        path = _path_after(result[-1]) if result else ()
        for entry in entries.get(page, []):
            # An outline's levels begin with 1 and have no gaps.
            path = path[: entry.level - 1]
            level = min(entry.level, 6)
            result.append(
                Block(text=entry.title, kind="heading", page=page, headings=path, level=level)
            )
            path = (*path, entry.title)
        result += [Block(text=text, page=page, headings=path) for text in paragraphs[page]]
    return [*result, *reversed(rest)]


def _path_after(block: Block) -> tuple[str, ...]:
    return (*block.headings, block.text) if block.kind == "heading" else block.headings
