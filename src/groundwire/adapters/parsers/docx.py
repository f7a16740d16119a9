"""Word documents (DOCX)."""

from collections.abc import Iterator
from typing import NamedTuple
from xml.etree import ElementTree as ET

from groundwire.adapters.parsers.archive import Archive
from groundwire.adapters.parsers.assemble import Assembler
from groundwire.model.documents import Parsed

MAIN = "word/document.xml"
_W = "{http://schemas.openxmlformats.org/wordprocessingml/2006/main}"
_HEADING_NAMES = ("heading ", "标题 ", "標題 ")


class _Style(NamedTuple):
    name: str
    level: int | None


def parse_docx(archive: Archive) -> Parsed:
    """Read paragraphs, lists and tables under their headings. DOCX has no pages."""
    styles = _styles(archive)
    assembler = Assembler()
    body = archive.xml(MAIN).find(f"{_W}body")
    title = _walk(body, styles, assembler) if body is not None else None
    if "word/footnotes.xml" in archive:
        for note in archive.xml("word/footnotes.xml"):
            assembler.text(" ".join(_text(each) for each in note.iter(f"{_W}p")))
    return Parsed(blocks=tuple(assembler.blocks), title=title)


def _walk(parent: ET.Element, styles: dict[str, _Style], assembler: Assembler) -> str | None:
    """Add what is in ``parent``; return the text in the style Title, if any."""
    title: str | None = None
    for element in parent:
        if element.tag == f"{_W}p":
            title = _paragraph(element, styles, assembler) or title
        elif element.tag == f"{_W}tbl":
            assembler.table([list(_cells(row)) for row in element.findall(f"{_W}tr")])
        elif element.tag in (f"{_W}sdt", f"{_W}sdtContent", f"{_W}ins", f"{_W}smartTag"):
            title = _walk(element, styles, assembler) or title
    return title


def _paragraph(
    paragraph: ET.Element, styles: dict[str, _Style], assembler: Assembler
) -> str | None:
    text = _text(paragraph)
    style = styles.get(_value(paragraph, "pPr/pStyle") or "", _Style("", None))
    own_level = _value(paragraph, "pPr/outlineLvl")
    level = int(own_level) + 1 if own_level and own_level.isdigit() else style.level
    if style.name == "title":
        assembler.text(text)
        return text.strip() or None
    if level is not None and level <= 9:
        assembler.heading(text, level)
    elif _find(paragraph, "pPr/numPr") is not None or style.name.startswith("list"):
        assembler.item(f"• {text.strip()}" if text.strip() else "")
    elif "code" in style.name or "preformatted" in style.name:
        assembler.code(text)
    else:
        assembler.text(text)
    return None


def _cells(row: ET.Element) -> Iterator[str]:
    for cell in row.findall(f"{_W}tc"):
        yield " ".join(_text(each) for each in cell.iter(f"{_W}p"))
        # A cell over several columns keeps the others in their place.
        span = _value(cell, "tcPr/gridSpan") or "1"
        yield from [""] * (int(span) - 1 if span.isdigit() else 0)


def _text(paragraph: ET.Element) -> str:
    """Return the paragraph's text as it is shown: without deletions and field codes."""
    parts: list[str] = []
    for element in paragraph.iter():
        if element.tag == f"{_W}t":
            parts.append(element.text or "")
        elif element.tag in (f"{_W}tab", f"{_W}ptab"):
            parts.append("\t")
        elif element.tag in (f"{_W}br", f"{_W}cr"):
            parts.append("\n")
        elif element.tag == f"{_W}noBreakHyphen":
            parts.append("-")
    return "".join(parts)


def _styles(archive: Archive) -> dict[str, _Style]:
    if "word/styles.xml" not in archive:
        return {}
    elements = {
        element.get(f"{_W}styleId", ""): element
        for element in archive.xml("word/styles.xml").findall(f"{_W}style")
    }
    return {id: _style(element, elements) for id, element in elements.items()}


def _style(element: ET.Element, elements: dict[str, ET.Element]) -> _Style:
    name = (_value(element, "name") or "").lower()
    seen: list[ET.Element] = []
    current: ET.Element | None = element
    while current is not None and current not in seen:
        seen.append(current)
        level = _value(current, "pPr/outlineLvl")
        inherited = (_value(current, "name") or "").lower()
        if level and level.isdigit():
            return _Style(name, int(level) + 1)
        if inherited.startswith(_HEADING_NAMES) and inherited[-1].isdigit():
            return _Style(name, int(inherited[-1]))
        current = elements.get(_value(current, "basedOn") or "")
    return _Style(name, None)


def _find(element: ET.Element, path: str) -> ET.Element | None:
    return element.find("/".join(_W + step for step in path.split("/")))


def _value(element: ET.Element, path: str) -> str | None:
    found = _find(element, path)
    return None if found is None else found.get(f"{_W}val")
