"""One file to blocks: which format it is, and who reads that."""

from collections.abc import Callable
from pathlib import Path, PurePath
from typing import TYPE_CHECKING

from groundwire.adapters.parsers import docx, pptx, xlsx
from groundwire.adapters.parsers.archive import Archive, open_archive
from groundwire.adapters.parsers.markup import parse_html, parse_markdown
from groundwire.adapters.parsers.text import decode, parse_csv, parse_text
from groundwire.model.documents import Parsed
from groundwire.model.errors import UnreadableDocument

if TYPE_CHECKING:
    from groundwire.adapters.parsers.pdf import Aside

KNOWN = "PDF, DOCX, PPTX, XLSX, HTML, Markdown, TXT and CSV"
_HEAD_BYTES = 4096
_OLE = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
_OFFICE: dict[str, Callable[[Archive], Parsed]] = {
    docx.MAIN: docx.parse_docx,
    pptx.MAIN: pptx.parse_pptx,
    xlsx.MAIN: xlsx.parse_xlsx,
}
_BINARY = (
    b"\x89PNG", b"\xff\xd8\xff", b"GIF8", b"II*\0", b"MM\0*", b"RIFF", b"OggS", b"ID3",
    b"\x7fELF", b"MZ\x90", b"\x1f\x8b", b"BZh", b"\xfd7zXZ", b"7z\xbc\xaf", b"Rar!",
    b"\x28\xb5\x2f\xfd", b"SQLite format 3\0", b"\0\0\0\x18ftyp", b"\0\0\0\x20ftyp", b"{\\rtf",
)  # fmt: skip


def read_file(path: Path, name: str, aside: "Aside | None" = None) -> Parsed:
    """Parse the file at ``path``, which its uploader called ``name``.

    ``aside`` reads part of a long PDF meanwhile.

    Raises ``UnreadableDocument`` for what the reader can tell; whatever else a damaged file
    makes a parser raise, the caller takes for ``broken``.
    """
    with path.open("rb") as file:
        head = file.read(_HEAD_BYTES)
    parsed = _parse(path, name, head, aside)
    if not parsed.blocks:
        raise UnreadableDocument("empty", "There is no text in this file.")
    return parsed


def _parse(path: Path, name: str, head: bytes, aside: "Aside | None") -> Parsed:
    if b"%PDF-" in head[:1024]:
        from groundwire.adapters.parsers.pdf import parse_pdf

        return parse_pdf(path, aside)
    if head.startswith((b"PK\x03\x04", b"PK\x05\x06")):
        return _parse_archive(path)
    if head.startswith(_OLE):
        raise _ole(path)
    if head.startswith(_BINARY):
        raise _unknown()
    return _parse_text(path.read_bytes(), name)


def _parse_archive(path: Path) -> Parsed:
    with open_archive(path) as archive:
        for main, parse in _OFFICE.items():
            if main in archive:
                return parse(archive)
    raise _unknown()


def _parse_text(content: bytes, name: str) -> Parsed:
    if not content.strip():
        raise UnreadableDocument("empty", "This file is empty.")
    text = decode(content)
    if text is None:
        raise _unknown()
    suffix = PurePath(name).suffix.lower()
    opening = text[:1024].lstrip().lower()
    if suffix in (".html", ".htm", ".xhtml") or opening.startswith(("<!doctype html", "<html")):
        return parse_html(text)
    if suffix in (".md", ".markdown", ".mdx"):
        return parse_markdown(text)
    if suffix in (".csv", ".tsv"):
        return parse_csv(text, name=name)
    return parse_text(text)


def _ole(path: Path) -> UnreadableDocument:
    """Tell an encrypted file of today's Office from a file of an older one."""
    if "EncryptedPackage".encode("utf-16-le") in path.read_bytes():
        return UnreadableDocument(
            "encrypted",
            "This file is protected by a password. Save a copy without it and upload that.",
        )
    return UnreadableDocument(
        "unknown_type",
        "This is a file of an old Office version. Save it as DOCX, XLSX or PPTX and upload that.",
    )


def _unknown() -> UnreadableDocument:
    return UnreadableDocument(
        "unknown_type", f"This type of file cannot be read. What can be read: {KNOWN}."
    )
