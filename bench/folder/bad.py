"""Files that cannot be read, each with the reasons that it may be refused for."""

# fpdf2, pypdf and Pillow type what they take loosely.
# pyright: reportUnknownMemberType=false

import gzip
import io
import random
import sqlite3
import zipfile
from collections.abc import Callable, Iterator
from itertools import count, islice

from PIL import Image
from pypdf import PdfReader, PdfWriter

from bench.folder.material import File, Story
from bench.folder.writers import (
    write_docx,
    write_epub,
    write_odt,
    write_pdf,
    write_pptx,
    write_rtf,
    write_xlsx,
    write_zip,
    zipped,
)

BOMB_BYTES = 80 << 20
_OLE = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
_LAUGHS = (
    '<?xml version="1.0"?><!DOCTYPE l [<!ENTITY a "ha">'
    + "".join(
        f'<!ENTITY {b} "{f"&{a};" * 10}">' for a, b in zip("abcdefgh", "bcdefghi", strict=True)
    )
    + ']><w:document xmlns:w="http://schemas.openxmlformats.org/wordprocessingml/2006/main">'
    "&i;</w:document>"
).encode()
_ODF_LOCK = (
    b'<manifest:manifest xmlns:manifest="urn:oasis:names:tc:opendocument:xmlns:manifest:1.0">'
    b'<manifest:file-entry manifest:full-path="content.xml"><manifest:encryption-data/>'
    b"</manifest:file-entry></manifest:manifest>"
)
_BOOK_LOCK = (
    b'<encryption xmlns:enc="http://www.w3.org/2001/04/xmlenc#"><enc:EncryptedData>'
    b'<enc:CipherReference URI="a.xhtml"/></enc:EncryptedData></encryption>'
)

Make = Callable[[Story, random.Random], bytes]


def bad_files(stories: Iterator[Story], seed: int, wanted: int) -> Iterator[File]:
    """Yield ``wanted`` files, of all kinds in turn, no two the same."""
    chance = random.Random(f"{seed}/bad")
    rounds = ((name, each) for round in count() for name, each in _named(round))
    for name, (codes, make) in islice(rounds, wanted):
        yield File(name, make(next(stories), chance), codes)


def _named(round: int) -> Iterator[tuple[str, tuple[tuple[str, ...], Make]]]:
    for name, each in _KINDS.items():
        yield (f"{round}-{name}" if round else name), each


def _half(write: Callable[[Story], bytes]) -> Make:
    return lambda story, _: (content := write(story))[: len(content) // 2]


def _beyond(make: Callable[[random.Random], bytes]) -> Make:
    """Make it without a story; some random bytes at the end make it one of its own."""
    return lambda _, chance: make(chance) + chance.randbytes(16)


def _locked_pdf(story: Story, _: random.Random) -> bytes:
    writer = PdfWriter(clone_from=PdfReader(io.BytesIO(write_pdf(story))))
    writer.encrypt("a password", algorithm="AES-256")
    buffer = io.BytesIO()
    writer.write(buffer)
    return buffer.getvalue()


def _locked_zip(story: Story, _: random.Random) -> bytes:
    """Mark the only file of an archive as locked, in both places where that is said."""
    archive = bytearray(zipped({"notes.txt": story.paragraphs[0].encode()}))
    archive[6] |= 1
    archive[archive.index(b"PK\x01\x02") + 8] |= 1
    return bytes(archive)


def _with(write: Callable[[Story], bytes], name: str, content: bytes) -> Make:
    """Add a file to what an office program wrote."""

    def make(story: Story, _: random.Random) -> bytes:
        buffer = io.BytesIO(write(story))
        with zipfile.ZipFile(buffer, "a") as archive:
            archive.writestr(name, content)
        return buffer.getvalue()

    return make


def _inflated(name: str, chance: random.Random) -> bytes:
    return zipped({name: chance.randbytes(16).hex().encode() + b" " * BOMB_BYTES})


def _vast_picture(chance: random.Random) -> bytes:
    buffer = io.BytesIO()
    Image.new("1", (20_000, 20_000 + chance.randrange(100))).save(buffer, "PNG")
    return buffer.getvalue()


def _pgp(story: Story, _: random.Random) -> bytes:
    head = f"From: a@example.org\nTo: b@example.org\nSubject: {len(story.paragraphs[0])}\n"
    return head.encode() + b"Content-Type: multipart/encrypted; boundary=a\n\n--a--\n"


def _database(chance: random.Random) -> bytes:
    with sqlite3.connect(":memory:") as db:
        db.execute("CREATE TABLE t (x)")
        db.execute("INSERT INTO t VALUES (?)", (chance.random(),))
        return db.serialize()


BROKEN, LOCKED, LARGE = ("broken",), ("encrypted",), ("too_large",)
EMPTY, UNKNOWN = ("empty",), ("unknown_type",)

_KINDS: dict[str, tuple[tuple[str, ...], Make]] = {
    "cut.pdf": (BROKEN, lambda story, _: write_pdf(story)[:700]),
    "cut.docx": (BROKEN, _half(write_docx)),
    "cut.xlsx": (BROKEN, _half(write_xlsx)),
    "cut.pptx": (BROKEN, _half(write_pptx)),
    "cut.odt": (BROKEN, _half(write_odt)),
    "cut.epub": (BROKEN, _half(write_epub)),
    "cut.zip": (BROKEN, _half(write_zip)),
    "noise.pdf": (BROKEN, _beyond(lambda chance: b"%PDF-1.7\n" + chance.randbytes(20_000))),
    "unclosed.rtf": (BROKEN, lambda story, _: write_rtf(story)[:40] + b"{\\fonttbl{\\f0 A"),
    "deep.rtf": (BROKEN, lambda _, chance: b"{\\rtf1 " + b"{" * (100_000 + chance.randrange(99))),
    "locked.pdf": (LOCKED, _locked_pdf),
    "locked.zip": (LOCKED, _locked_zip),
    "locked.odt": (LOCKED, _with(write_odt, "META-INF/manifest.xml", _ODF_LOCK)),
    "locked.epub": (LOCKED, _with(write_epub, "META-INF/encryption.xml", _BOOK_LOCK)),
    "locked.xlsx": (
        LOCKED,
        _beyond(
            lambda chance: _OLE + chance.randbytes(600) + "EncryptedPackage".encode("utf-16-le")
        ),
    ),
    "locked.eml": (LOCKED, _pgp),
    "laughs.docx": (
        LARGE,
        lambda _, chance: zipped({"word/document.xml": _LAUGHS, "a": chance.randbytes(16)}),
    ),
    "bomb.docx": (LARGE, lambda _, chance: _inflated("word/document.xml", chance)),
    "bomb.xlsx": (LARGE, lambda _, chance: _inflated("xl/workbook.xml", chance)),
    "bomb.zip": (LARGE, lambda _, chance: _inflated("notes.txt", chance)),
    "vast.png": (LARGE, _beyond(_vast_picture)),
    "program.pdf": (UNKNOWN, _beyond(lambda chance: b"\x7fELF" + chance.randbytes(9_000))),
    "packed.html": (UNKNOWN, lambda story, _: gzip.compress(story.paragraphs[0].encode())),
    "database.csv": (UNKNOWN, _beyond(_database)),
    "film.txt": (UNKNOWN, _beyond(lambda chance: b"\0\0\0\x18ftyp" + chance.randbytes(9_000))),
    "noise.txt": (UNKNOWN, _beyond(lambda chance: bytes(range(256)) * 8 + chance.randbytes(999))),
    "old.docx": (UNKNOWN, _beyond(lambda chance: _OLE + b"\0" * 600 + chance.randbytes(99))),
    "picture.docx": (BROKEN, _beyond(lambda _: b"\x89PNG\r\n\x1a\n" + b"\0" * 100)),
    "blank.txt": (EMPTY, lambda _, chance: b" \r\n\t" * (chance.randrange(900) + 1)),
    "script.html": (
        EMPTY,
        lambda _, chance: (
            b"<html><body><script>%d</script></body></html>" % chance.randrange(10**9)
        ),
    ),
}
