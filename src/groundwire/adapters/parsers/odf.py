"""OpenDocument: texts (ODT), sheets (ODS) and slides (ODP)."""

from collections.abc import Callable, Iterator
from xml.etree import ElementTree as ET

from groundwire.adapters.parsers.archive import Archive, broken
from groundwire.adapters.parsers.assemble import Assembler
from groundwire.adapters.parsers.tables import add_sheet
from groundwire.model.documents import Parsed
from groundwire.model.errors import UnreadableDocument

MIMETYPE = "mimetype"
_PREFIX = b"application/vnd.oasis.opendocument."
_CONTENT = "content.xml"
_MANIFEST = "META-INF/manifest.xml"
MAX_COLUMNS = 256
# A sheet repeats its last, empty row to the million; a filled one is repeated by its author.
MAX_REPEATED = 1000

_NS = "{{urn:oasis:names:tc:opendocument:xmlns:{}:1.0}}"
_OFFICE, _TEXT, _TABLE, _DRAW, _PRESENTATION, _MANIFEST_NS = map(
    _NS.format, ("office", "text", "table", "drawing", "presentation", "manifest")
)
# Said elsewhere, or on every slide.
_NOT_SAID = ("title", "page-number", "footer", "header", "date-time")
_UNSEEN = frozenset(
    [
        f"{_OFFICE}annotation",
        f"{_TEXT}tracked-changes",
        f"{_TEXT}note-citation",
        f"{_TEXT}table-of-content",
        f"{_TEXT}illustration-index",
        f"{_TEXT}table-index",
        f"{_TEXT}alphabetical-index",
        f"{_PRESENTATION}notes",
    ]
)


def is_odf(archive: Archive) -> bool:
    return MIMETYPE in archive and archive.read(MIMETYPE).startswith(_PREFIX)


def parse_odf(archive: Archive) -> Parsed:
    """Raises ``UnreadableDocument`` (broken, encrypted, unknown_type)."""
    _refuse_encrypted(archive)
    kind = archive.read(MIMETYPE)[len(_PREFIX) :].decode("ascii", "replace").strip()
    body = archive.xml(_CONTENT).find(f"{_OFFICE}body")
    if body is None:
        raise broken()
    for name, read in _READERS.items():
        if kind.startswith(name) and (found := body.find(f"{_OFFICE}{name}")) is not None:
            return read(found)
    raise UnreadableDocument(
        "unknown_type",
        "Of the OpenDocument files, texts, spreadsheets and presentations are read. Export this "
        "one as a PDF and upload that.",
    )


def _refuse_encrypted(archive: Archive) -> None:
    if "encrypted-package" not in archive and (
        _MANIFEST not in archive
        or archive.xml(_MANIFEST).find(f".//{_MANIFEST_NS}encryption-data") is None
    ):
        return
    raise UnreadableDocument(
        "encrypted", "This file is protected by a password. Save a copy without it and upload that."
    )


# -- Texts --------------------------------------------------------------------------------------


def _read_text(body: ET.Element) -> Parsed:
    assembler = Assembler()
    _walk(body, assembler)
    return Parsed(blocks=tuple(assembler.blocks))


def _walk(parent: ET.Element, assembler: Assembler) -> None:
    for element in parent:
        if element.tag in _UNSEEN:
            continue
        if element.tag == f"{_TEXT}h":
            level = element.get(f"{_TEXT}outline-level", "1")
            assembler.heading(_text(element), int(level) if level.isdigit() else 1)
        elif element.tag == f"{_TEXT}p":
            _paragraph(element, assembler)
        elif element.tag == f"{_TEXT}list":
            _list(element, assembler)
        elif element.tag == f"{_TABLE}table":
            assembler.table([cells for _, cells in _rows(element)])
        elif element.tag != f"{_OFFICE}forms":
            _walk(element, assembler)


def _paragraph(paragraph: ET.Element, assembler: Assembler) -> None:
    style = paragraph.get(f"{_TEXT}style-name", "")
    if style.startswith("Preformatted"):
        assembler.code(_text(paragraph))
    else:
        assembler.text(_text(paragraph))
    for note in paragraph.iter(f"{_TEXT}note-body"):
        _walk(note, assembler)
    for box in paragraph.iter(f"{_DRAW}text-box"):
        _walk(box, assembler)


def _list(element: ET.Element, assembler: Assembler) -> None:
    """Add the items, nested ones after their own; a heading in a list is a numbered heading."""
    for item in element:
        for child in item:
            if child.tag == f"{_TEXT}p":
                text = _text(child).strip()
                assembler.item(f"• {text}" if text else "")
            elif child.tag == f"{_TEXT}list":
                _list(child, assembler)
            elif child.tag == f"{_TEXT}h":
                level = child.get(f"{_TEXT}outline-level", "1")
                assembler.heading(_text(child), int(level) if level.isdigit() else 1)


def _text(element: ET.Element) -> str:
    """Return the text as it is shown; notes and boxes have blocks of their own."""
    parts = [element.text or ""]
    for child in element:
        if child.tag == f"{_TEXT}s":
            count = child.get(f"{_TEXT}c", "1")
            parts.append(" " * min(int(count) if count.isdigit() else 1, 80))
        elif child.tag == f"{_TEXT}tab":
            parts.append("\t")
        elif child.tag == f"{_TEXT}line-break":
            parts.append("\n")
        elif child.tag not in _UNSEEN and child.tag not in (f"{_TEXT}note", f"{_DRAW}frame"):
            parts.append(_text(child))
        parts.append(child.tail or "")
    return "".join(parts)


# -- Tables and sheets --------------------------------------------------------------------------


def _read_sheets(body: ET.Element) -> Parsed:
    """Read the cells as they are shown, each sheet a section."""
    assembler = Assembler()
    for table in body.iter(f"{_TABLE}table"):
        assembler.leave_section()
        assembler.heading(table.get(f"{_TABLE}name", ""), 1)
        add_sheet(_rows(table), assembler)
    return Parsed(blocks=tuple(assembler.blocks))


def _rows(table: ET.Element) -> Iterator[tuple[int, list[str]]]:
    """Yield the filled rows, each with its number from 1; what is within them is theirs."""
    number = 1
    for row in _own(table, f"{_TABLE}table-row"):
        cells = _cells(row)
        repeated = _repeated(row, "rows")
        if any(cells):
            for again in range(min(repeated, MAX_REPEATED)):
                yield number + again, cells
        number += repeated


def _own(parent: ET.Element, tag: str) -> Iterator[ET.Element]:
    """Yield the elements ``tag`` of this table, groups of rows opened, not of tables in it."""
    for element in parent:
        if element.tag == tag:
            yield element
        elif element.tag in (
            f"{_TABLE}table-header-rows",
            f"{_TABLE}table-rows",
            f"{_TABLE}table-row-group",
        ):
            yield from _own(element, tag)


def _cells(row: ET.Element) -> list[str]:
    cells: list[str] = []
    for cell in row:
        if cell.tag not in (f"{_TABLE}table-cell", f"{_TABLE}covered-table-cell"):
            continue
        shown = " ".join(filter(None, (_text(each) for each in cell.iter(f"{_TEXT}p"))))
        shown = shown or cell.get(f"{_OFFICE}value", "")
        cells += [shown] * min(_repeated(cell, "columns"), MAX_COLUMNS - len(cells))
    while cells and not cells[-1]:
        del cells[-1]
    return cells


def _repeated(element: ET.Element, what: str) -> int:
    count = element.get(f"{_TABLE}number-{what}-repeated", "1")
    return int(count) if count.isdigit() else 1


# -- Slides -------------------------------------------------------------------------------------


def _read_slides(body: ET.Element) -> Parsed:
    assembler = Assembler()
    slides = body.findall(f"{_DRAW}page")
    for number, slide in enumerate(slides, start=1):
        assembler.slide(number)
        _slide(slide, assembler)
    return Parsed(blocks=tuple(assembler.blocks), pages=len(slides))


def _slide(slide: ET.Element, assembler: Assembler) -> None:
    """Add the slide as a section of its own: its title, what is on it, then its notes."""
    notes = slide.findall(f"{_PRESENTATION}notes")
    titles: list[str] = []
    for frame in [*slide.iter(f"{_DRAW}frame")]:
        role = frame.get(f"{_PRESENTATION}class")
        if role == "title":
            titles += _lines(frame)
        if role in _NOT_SAID:
            frame.clear()
    assembler.leave_section()
    assembler.heading(" ".join(titles), 1)
    _walk(slide, assembler)
    for each in notes:
        assembler.text("\n".join(_lines(each)))


def _lines(element: ET.Element) -> Iterator[str]:
    return (_text(each) for each in element.iter(f"{_TEXT}p"))


_READERS: dict[str, Callable[[ET.Element], Parsed]] = {
    "text": _read_text,
    "spreadsheet": _read_sheets,
    "presentation": _read_slides,
}
