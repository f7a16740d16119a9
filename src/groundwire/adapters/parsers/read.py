"""One file to blocks: which format it is, and who reads that."""

from collections.abc import Callable

from groundwire.adapters.parsers import (
    code,
    docx,
    epub,
    image,
    odf,
    parts,
    pptx,
    rtf,
    subtitles,
    xlsx,
)
from groundwire.adapters.parsers.archive import Archive, open_archive
from groundwire.adapters.parsers.containers import open_container
from groundwire.adapters.parsers.file import File
from groundwire.adapters.parsers.help import Help
from groundwire.adapters.parsers.markup import parse_html, parse_markdown
from groundwire.adapters.parsers.members import Member
from groundwire.adapters.parsers.messages import BROKEN, TOO_LARGE, Refusal
from groundwire.adapters.parsers.text import decode, parse_csv, parse_text
from groundwire.model.documents import Parsed
from groundwire.model.errors import UnreadableDocument

KNOWN = (
    "PDF, Word (DOCX), PowerPoint (PPTX), Excel (XLSX), OpenDocument (ODT, ODS, ODP), EPUB, RTF, "
    "HTML, Markdown, text, CSV, subtitles (SRT, VTT), source code, mail (EML, MSG, MBOX), pictures "
    "of text (PNG, JPEG, TIFF, WebP, BMP), and ZIP archives of these"
)
_HEAD_BYTES = 4096
_OLE = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
_ZIP = (b"PK\x03\x04", b"PK\x05\x06")
_OFFICE: dict[str, Callable[[Archive], Parsed]] = {
    docx.MAIN: docx.parse_docx,
    pptx.MAIN: pptx.parse_pptx,
    xlsx.MAIN: xlsx.parse_xlsx,
}
_BINARY = (
    b"GIF8", b"RIFF", b"OggS", b"ID3",
    b"\x7fELF", b"MZ\x90", b"\x1f\x8b", b"BZh", b"\xfd7zXZ", b"7z\xbc\xaf", b"Rar!",
    b"\x28\xb5\x2f\xfd", b"SQLite format 3\0", b"\0\0\0\x18ftyp", b"\0\0\0\x20ftyp",
)  # fmt: skip


# An archive in an archive in a mail: more nobody means.
MAX_DEPTH = 3


def read_file(file: File, help: Help, depth: int = 0) -> Parsed:
    """Parse ``file``; its type is told from its bytes, and from its name where they do not tell.

    Files within it become its parts. Raises ``UnreadableDocument`` for what the reader can tell;
    whatever else a damaged file makes a parser raise, the caller takes for ``broken``.
    """
    with open_container(file) as container:
        if container is None:
            return read_alone(file, help)
        if depth >= MAX_DEPTH:
            raise UnreadableDocument(
                "too_large", "This is an archive within archives within archives. Unpack it."
            )
        inner = (read_member(member, help, depth + 1) for member in container.members)
        return parts.join([container.own, *inner])


def read_member(member: Member, help: Help, depth: int = 1) -> Parsed:
    """Read a file that is within another; what is wrong with it is told in ``unread``."""
    help.alive()
    try:
        return parts.within(read_file(File(member.name, member.read()), help, depth), member.name)
    except Exception as error:  # noqa: BLE001 (as in `child`: the file's fault, whatever it is)
        return parts.lost(member.name, refusal(error))


def refusal(error: Exception) -> Refusal:
    """Say for the user what was wrong with a file."""
    if isinstance(error, UnreadableDocument):
        return Refusal(error.reason, error.message)
    return TOO_LARGE if isinstance(error, MemoryError) else BROKEN


def read_alone(file: File, help: Help) -> Parsed:
    """Parse a file that holds no others."""
    parsed = _parse(file, help)
    if not parsed.blocks:
        raise UnreadableDocument("empty", "There is no text in this file.")
    return parsed


def _parse(file: File, help: Help) -> Parsed:
    head = file.head(_HEAD_BYTES)
    if b"%PDF-" in head[:1024]:
        from groundwire.adapters.parsers.pdf import parse_pdf

        return parse_pdf(file.source, help)
    if head.startswith(_ZIP):
        return _parse_archive(file)
    if head.startswith(rtf.MAGIC):
        return rtf.parse_rtf(file.content())
    if head.startswith(_OLE):
        raise _ole(file)
    if image.is_image(head):
        return image.parse_image(file, help.ocr, help.alive)
    if head.startswith(_BINARY):
        raise _unknown()
    return _parse_text(file)


def _parse_archive(file: File) -> Parsed:
    with file.open() as opened, open_archive(opened) as archive:
        for main, parse in _OFFICE.items():
            if main in archive:
                return parse(archive)
        if odf.is_odf(archive):
            return odf.parse_odf(archive)
        if epub.is_epub(archive):
            return epub.parse_epub(archive)
    raise _unknown()


def _parse_text(file: File) -> Parsed:
    content = file.content()
    if not content.strip():
        raise UnreadableDocument("empty", "This file is empty.")
    text = decode(content)
    if text is None:
        raise _unknown()
    return _reader_of(file, text)(text)


def _reader_of(file: File, text: str) -> Callable[[str], Parsed]:
    suffix = file.suffix
    opening = text[:1024].lstrip().lower()
    if suffix in (".html", ".htm", ".xhtml") or opening.startswith(("<!doctype html", "<html")):
        return parse_html
    if suffix in (".md", ".markdown", ".mdx"):
        return parse_markdown
    if suffix in (".csv", ".tsv"):
        return lambda text: parse_csv(text, name=file.name)
    if suffix in subtitles.SUFFIXES or subtitles.is_subtitles(text):
        return subtitles.parse_subtitles
    if suffix in code.SUFFIXES or file.name.lower() in code.NAMES:
        return code.parse_code
    return parse_text


def _ole(file: File) -> UnreadableDocument:
    """Tell an encrypted file of today's Office from a file of an older one."""
    if "EncryptedPackage".encode("utf-16-le") in file.content():
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
