"""Books (EPUB): the pages of their spine, in order, under the headings of their contents."""

from collections.abc import Iterator
from posixpath import dirname, normpath
from posixpath import join as join_path
from urllib.parse import unquote
from xml.etree import ElementTree as ET

from groundwire.adapters.parsers.archive import Archive, broken
from groundwire.adapters.parsers.assemble import Assembler
from groundwire.adapters.parsers.markup import parse_html
from groundwire.adapters.parsers.text import decode
from groundwire.model.documents import Parsed
from groundwire.model.errors import UnreadableDocument

MAIN = "META-INF/container.xml"
_ENCRYPTION = "META-INF/encryption.xml"
_CONTAINER = "{urn:oasis:names:tc:opendocument:xmlns:container}"
_OPF = "{http://www.idpf.org/2007/opf}"
_TITLE = "{http://purl.org/dc/elements/1.1/}title"
_NCX = "{http://www.daisy.org/z3986/2005/ncx/}"
_XENC = "{http://www.w3.org/2001/04/xmlenc#}"
_PAGES = ("application/xhtml+xml", "text/html", "application/x-dtbook+xml")


def is_epub(archive: Archive) -> bool:
    return MAIN in archive and "mimetype" in archive and b"epub" in archive.read("mimetype")


def parse_epub(archive: Archive) -> Parsed:
    """Raises ``UnreadableDocument`` (broken, encrypted)."""
    root = archive.xml(MAIN).find(f".//{_CONTAINER}rootfile")
    main = "" if root is None else root.get("full-path", "")
    package = archive.xml(main)
    items = {
        each.get("id", ""): (_resolve(main, each.get("href", "")), each.get("media-type", ""))
        for each in package.iter(f"{_OPF}item")
    }
    spine = [
        items[id][0]
        for each in package.iter(f"{_OPF}itemref")
        if (id := each.get("idref", "")) in items and items[id][1] in _PAGES
    ]
    if not spine:
        raise broken()
    _refuse_encrypted(archive, set(spine))
    titles = _contents(archive, items)
    assembler = Assembler()
    for part in spine:
        _page(archive, part, titles.get(part, ""), assembler)
    title = (package.findtext(f".//{_TITLE}") or "").strip()
    return Parsed(blocks=tuple(assembler.blocks), title=title or None)


def _page(archive: Archive, part: str, title: str, assembler: Assembler) -> None:
    """Add a page; its title in the contents heads it where it has no heading of its own."""
    if part not in archive:
        return
    text = decode(archive.read(part)) or ""
    alone = parse_html(text).blocks if title else ()
    if alone and not any(block.kind == "heading" for block in alone):
        assembler.heading(title, 1)
    parse_html(text, assembler)


def _contents(archive: Archive, items: dict[str, tuple[str, str]]) -> dict[str, str]:
    """Return the titles of pages by the older table of contents, which most books still have."""
    titles: dict[str, str] = {}
    for name, kind in items.values():
        if kind == "application/x-dtbncx+xml" and name in archive:
            for target, title in _points(archive.xml(name)):
                titles.setdefault(_resolve(name, target), title)
    return titles


def _points(contents: ET.Element) -> Iterator[tuple[str, str]]:
    for point in contents.iter(f"{_NCX}navPoint"):
        content = point.find(f"{_NCX}content")
        title = point.findtext(f"{_NCX}navLabel/{_NCX}text") or ""
        if content is not None:
            yield content.get("src", "").partition("#")[0], title.strip()


def _refuse_encrypted(archive: Archive, spine: set[str]) -> None:
    """Refuse a book whose pages are encrypted; fonts are in many that anyone may read."""
    if _ENCRYPTION not in archive:
        return
    for each in archive.xml(_ENCRYPTION).iter(f"{_XENC}CipherReference"):
        if unquote(each.get("URI", "")) in spine:
            raise UnreadableDocument(
                "encrypted",
                "This book is protected against copying (DRM), so its text cannot be read.",
            )


def _resolve(part: str, target: str) -> str:
    return normpath(join_path(dirname(part), unquote(target)))
