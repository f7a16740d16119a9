"""Archives of documents (ZIP)."""

from collections.abc import Generator
from contextlib import contextmanager
from functools import partial
from pathlib import PurePosixPath

from groundwire.adapters.parsers import docx, epub, odf, pptx, xlsx
from groundwire.adapters.parsers.archive import Archive, open_archive
from groundwire.adapters.parsers.file import File
from groundwire.adapters.parsers.members import Container, Member
from groundwire.adapters.parsers.parts import unique
from groundwire.adapters.parsers.text import decode

MAGIC = (b"PK\x03\x04", b"PK\x05\x06")
_DOCUMENTS = (docx.MAIN, pptx.MAIN, xlsx.MAIN, odf.MIMETYPE, epub.MAIN, "[Content_Types].xml")
_UTF8 = 0x800


@contextmanager
def open_zip(file: File) -> Generator[Container | None]:
    """Open an archive; ``None`` if it is a document that is kept as one."""
    with file.open() as opened, open_archive(opened, document=False) as archive:
        if any(name in archive for name in _DOCUMENTS):
            yield None
        else:
            yield Container(_members(archive))


def _members(archive: Archive) -> list[Member]:
    """Return the files in the order of the archive, without what systems leave there."""
    entries = [
        entry
        for entry in archive.entries()
        if not entry.is_dir() and not _is_litter(entry.filename)
    ]
    names = unique(_name(entry.filename, entry.flag_bits) for entry in entries)
    return [
        Member(name, partial(archive.read_member, entry))
        for name, entry in zip(names, entries, strict=True)
    ]


def _is_litter(name: str) -> bool:
    path = PurePosixPath(name)
    return path.name.startswith(".") or "__MACOSX" in path.parts or path.name == "Thumbs.db"


def _name(name: str, flags: int) -> str:
    """Return the name as it was meant: older programs wrote it in the encoding of their system."""
    if flags & _UTF8 or name.isascii():
        return name
    return decode(name.encode("cp437", "replace")) or name
