"""Pictures of text: PNG, JPEG, TIFF with all its pages, WebP and BMP."""

from collections.abc import Callable
from functools import partial

from PIL import Image, ImageOps, UnidentifiedImageError

from groundwire.adapters.parsers.archive import broken, too_large
from groundwire.adapters.parsers.assemble import Assembler
from groundwire.adapters.parsers.file import File
from groundwire.adapters.parsers.ocr import Ocr
from groundwire.adapters.parsers.parts import refuse
from groundwire.adapters.parsers.recognise import Picture, fit, recognise
from groundwire.model.documents import Parsed

MAGIC = (b"\x89PNG", b"\xff\xd8\xff", b"II*\0", b"MM\0*")
_FORMATS = ("PNG", "JPEG", "TIFF", "WEBP", "BMP")
MAX_FILE_PIXELS = 120_000_000
MAX_FRAMES = 2000
# Letters on a screen are half as large as those that are read best.
_SMALL = 1000


def is_image(head: bytes) -> bool:
    if head[:2] == b"BM":
        return head[6:10] == bytes(4)  # or it is a text about cars
    return head.startswith(MAGIC) or (head[:4] == b"RIFF" and head[8:12] == b"WEBP")


def parse_image(file: File, ocr: Ocr | None, alive: Callable[[], None]) -> Parsed:
    """Recognise the text. Raises ``UnreadableDocument`` (broken, too_large, needs_ocr, empty)."""
    try:
        with file.open() as opened, Image.open(opened, formats=_FORMATS) as image:
            return _read(image, ocr, alive)
    except Image.DecompressionBombError as error:
        raise too_large() from error
    except (UnidentifiedImageError, OSError, SyntaxError, ValueError) as error:
        raise broken() from error


def _read(image: Image.Image, ocr: Ocr | None, alive: Callable[[], None]) -> Parsed:
    frames = min(getattr(image, "n_frames", 1), MAX_FRAMES)
    pictures = [Picture(index + 1, partial(_draw, image, index)) for index in range(frames)]
    read = recognise(pictures, ocr, alive)
    if not read.paragraphs and read.unread:
        raise refuse(read.unread[0], read.unread[0].reason)
    assembler = Assembler()
    for page, paragraphs in read.paragraphs.items():
        assembler.page = page if frames > 1 else None
        for paragraph in paragraphs:
            assembler.text(paragraph)
    pages = frames if frames > 1 else None
    return Parsed(blocks=tuple(assembler.blocks), pages=pages, unread=read.unread)


def _draw(image: Image.Image, index: int) -> Image.Image:
    """Return a page of ``image`` upright, grey, on white, at a size that can be read."""
    image.seek(index)
    if image.width * image.height > MAX_FILE_PIXELS:
        raise too_large()
    frame = ImageOps.exif_transpose(image)
    if frame.has_transparency_data:
        colours = frame.convert("RGBA")
        white = Image.new("RGBA", colours.size, "white")
        frame = Image.alpha_composite(white, colours)
    grey = frame.convert("L")
    scale = 2.0 if max(grey.size) < _SMALL else fit(*grey.size)
    size = (max(round(grey.width * scale), 1), max(round(grey.height * scale), 1))
    return grey if size == grey.size else grey.resize(size, Image.Resampling.LANCZOS)
