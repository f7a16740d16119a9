"""A page of a PDF as a picture, with a passage marked on it."""

# pypdfium2 has no type stubs; what comes from it is checked where it enters.
# pyright: reportMissingTypeStubs=false, reportUnknownMemberType=false
# pyright: reportUnknownVariableType=false, reportUnknownArgumentType=false

import ctypes
import io
from collections.abc import Iterator

import pypdfium2
import pypdfium2.raw as pdfium
from PIL import Image, ImageChops

from groundwire.adapters.parsers.containers import open_container
from groundwire.adapters.parsers.file import File
from groundwire.adapters.parsers.pdf import open_pdf
from groundwire.adapters.parsers.pdf_marks import Box, find_boxes
from groundwire.adapters.parsers.recognise import fit
from groundwire.model.errors import UnreadableDocument
from groundwire.ports.page_images import View

_MARKER = (255, 226, 110)
_QUALITY = 82


def draw_page(file: File, view: View) -> bytes | None:
    """Return the picture as a WebP; ``None`` if there is no such page or part.

    Raises ``UnreadableDocument``.
    """
    found = _find(file, view.part)
    if found is None:
        return None
    if b"%PDF-" not in found.head(1024):
        raise UnreadableDocument(
            "unknown_type", "Pages of PDF files can be shown. This is none; open the original."
        )
    document = open_pdf(found.source)
    try:
        if not 1 <= view.page <= len(document):
            return None
        return _draw(document[view.page - 1], view)
    finally:
        document.close()


def _find(file: File, part: str) -> File | None:
    """Return the file at the path ``part`` within ``file``."""
    if not part:
        return file
    with open_container(file) as container:
        for member in container.members if container else ():
            if part == member.name or part.startswith(f"{member.name}/"):
                inner = File(member.name, member.read())
                return _find(inner, part[len(member.name) + 1 :])
    return None


def _draw(page: pypdfium2.PdfPage, view: View) -> bytes:
    width, height = page.get_size()
    scale = view.width / max(width, 1.0)
    scale *= fit(width * scale, height * scale)
    bitmap = page.render(scale=scale)  # pyright: ignore[reportArgumentType]
    picture: Image.Image = bitmap.to_pil().convert("RGB")
    if view.text:
        text = page.get_textpage()
        for box in _pixels(page, find_boxes(text, view.text), picture.size):
            _mark(picture, box)
        text.close()
    page.close()
    buffer = io.BytesIO()
    picture.save(buffer, "WEBP", quality=_QUALITY, method=2)
    return buffer.getvalue()


def _pixels(
    page: pypdfium2.PdfPage, boxes: Iterator[Box], size: tuple[int, int]
) -> Iterator[tuple[int, int, int, int]]:
    """Yield ``boxes`` in pixels of the picture, however the page is turned or cropped."""
    x, y = ctypes.c_int(), ctypes.c_int()

    def to_pixels(across: float, up: float) -> tuple[int, int]:
        pdfium.FPDF_PageToDevice(page.raw, 0, 0, *size, 0, across, up, x, y)
        return min(max(x.value, 0), size[0]), min(max(y.value, 0), size[1])

    for left, bottom, right, top in boxes:
        corners = to_pixels(left, bottom), to_pixels(right, top)
        (x0, x1), (y0, y1) = (sorted(values) for values in zip(*corners, strict=True))
        if x0 < x1 and y0 < y1:
            yield x0, y0, x1, y1


def _mark(picture: Image.Image, box: tuple[int, int, int, int]) -> None:
    """Mark as a pen does: what was white becomes yellow, what was black stays so."""
    region = picture.crop(box)
    picture.paste(ImageChops.multiply(region, Image.new("RGB", region.size, _MARKER)), box)
